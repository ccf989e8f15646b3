#version 330 core
// Occluders between the floor and the key light, and contact with the floor. The mipmaps are its blurred versions.
uniform sampler2D sun_depth;      // 1 - height / range of the highest point along each ray of the light
uniform sampler2D contact_depth;  // height above the floor / contact height
in vec2 uv;
out vec4 mask;  // height / range where covered; covered; closeness

void main() {
    float height = 1.0 - texture(sun_depth, uv).r;
    float clearance = texture(contact_depth, uv).r;
    mask = vec4(height, step(1e-6, height), (1.0 - clearance) * (1.0 - clearance), 1.0);
}
