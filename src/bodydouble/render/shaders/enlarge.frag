#version 330 core
// An image, enlarged to the size of the target.
uniform sampler2D reduced_image;
in vec2 uv;
out vec4 color;

void main() {
    color = vec4(texture(reduced_image, uv).rgb, 1.0);
}
