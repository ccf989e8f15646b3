#version 330 core
// A picture, enlarged to the size of the target.
uniform sampler2D small_picture;
in vec2 uv;
out vec4 color;

void main() {
    color = vec4(texture(small_picture, uv).rgb, 1.0);
}
