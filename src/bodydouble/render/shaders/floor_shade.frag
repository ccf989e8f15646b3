#version 330 core
// Shade of each point of the floor. A shadow is softer if its occluder is higher above the floor.
uniform sampler2D mask;
uniform vec2 extent;  // m, of the area that mask shows
uniform float range;  // m, height that mask holds as 1
in vec2 uv;
out float shade;

const int TAPS = 5;
const float GOLDEN_ANGLE = 2.39996323;
const float LAMP_SIZE = 0.13;       // radius of the penumbra per height
const float MIN_SOFTNESS = 0.012;   // m
const float MAX_SOFTNESS = 0.16;    // m
const float CONTACT_RADIUS = 0.07;  // m
const float KEY = 0.55;
const float CONTACT = 0.70;

// Rotation of the tap pattern that varies from pixel to pixel and turns its edges into noise.
mat2 rotate_taps() {
    float angle = 6.2831853 * fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
    return mat2(cos(angle), sin(angle), -sin(angle), cos(angle));
}

// Average of the mask over a disc of a radius in m.
vec4 blur(float radius, int taps, mat2 tap_rotation, float texels_per_metre) {
    float level = max(log2(radius * texels_per_metre), 0.0);
    tap_rotation = mat2(radius / extent.x, 0.0, 0.0, radius / extent.y) * tap_rotation;
    vec4 sum = vec4(0.0);
    for (int i = 0; i < taps; ++i) {
        float angle = float(i) * GOLDEN_ANGLE;
        vec2 off = sqrt((float(i) + 0.5) / float(TAPS)) * vec2(cos(angle), sin(angle));
        sum += textureLod(mask, uv + tap_rotation * off, level);
    }
    return sum / float(TAPS);
}

void main() {
    float texels_per_metre = float(textureSize(mask, 0).x) / max(extent.x, extent.y);
    vec4 around = textureLod(mask, uv, log2(2.0 * MAX_SOFTNESS * texels_per_metre));
    float height = around.r / max(around.g, 1e-3) * range;
    // A software driver runs both sides of a branch, but ends a loop early.
    int taps = around.g + around.b > 0.0 ? TAPS : 0;
    mat2 tap_rotation = rotate_taps();
    float key = blur(clamp(height * LAMP_SIZE, MIN_SOFTNESS, MAX_SOFTNESS), taps, tap_rotation, texels_per_metre).g;
    float contact = blur(CONTACT_RADIUS, taps, tap_rotation, texels_per_metre).b;
    shade = 1.0 - (1.0 - KEY * key) * (1.0 - CONTACT * contact);
}
