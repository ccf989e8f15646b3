#version 330 core
// Lights the vertices, which are far fewer than pixels times samples in a software driver. Light is linear. The result
// is captured, because an indexed draw runs its vertex shader several times per vertex.
uniform mat4 sun_from_world;
uniform sampler2D sun_depth;
uniform vec2 sun_extent;   // m, of the area that sun_depth shows
uniform float sun_range;   // m, height from depth 1 to depth 0
uniform vec3 sun;          // unit, towards the key light
uniform vec3 eye;          // m, world
uniform vec3 key;          // key light
uniform vec3 sky;          // ambient light from above
uniform vec3 ground;       // ambient light from below
uniform vec4 base_color;   // linear
uniform vec3 rim_color;    // linear
uniform float roughness;
uniform bool is_unlit;

in vec3 position;
in vec3 normal;
in vec4 vertex_color;

out vec3 diffuse;   // to be multiplied by the texture
out vec3 specular;  // to be added

const int TAPS = 12;
const float GOLDEN_ANGLE = 2.39996323;
const float SOFTNESS = 0.03;  // m
const float BIAS = 0.02;      // m

float lit(vec3 n) {
    vec3 map_point = (sun_from_world * vec4(position + n * BIAS, 1.0)).xyz * 0.5 + 0.5;
    float sum = 0.0;
    for (int i = 0; i < TAPS; ++i) {
        float angle = float(i) * GOLDEN_ANGLE;
        vec2 off = sqrt((float(i) + 0.5) / float(TAPS)) * SOFTNESS * vec2(cos(angle), sin(angle));
        float clearance = (textureLod(sun_depth, map_point.xy + off / sun_extent, 0.0).r - map_point.z) * sun_range;
        sum += clamp(clearance / BIAS + 1.0, 0.0, 1.0);
    }
    return sum / float(TAPS);
}

void main() {
    vec3 n = normalize(normal);
    vec3 to_eye = normalize(eye - position);
    float facing = dot(n, sun);
    float shadow = lit(n);
    // Light wraps slightly around the terminator, where self-shadowing is meaningless.
    float direct = clamp((facing + 0.2) / 1.2, 0.0, 1.0) * mix(1.0, shadow, smoothstep(-0.2, 0.15, facing));
    float near_floor = mix(0.6, 1.0, smoothstep(0.0, 0.5, position.y + 0.25 * n.y));
    vec3 ambient = mix(ground, sky, 0.5 + 0.5 * n.y) * near_floor;

    float shininess = 2.0 / max(pow(roughness, 4.0), 0.02);
    float gloss = pow(max(dot(n, normalize(sun + to_eye)), 0.0), shininess) * (shininess + 2.0) / 25.0;
    float grazing = pow(1.0 - min(abs(dot(n, to_eye)), 1.0), 3.5);  // sheets are seen from both sides

    diffuse = base_color.rgb * vertex_color.rgb * (key * direct * 0.36 + ambient * 0.56);
    specular = key * 0.03 * gloss * clamp(facing, 0.0, 1.0) * shadow;
    specular += mix(sky * 1.35, rim_color, 0.5) * grazing * (0.3 + 0.7 * (n.y * 0.5 + 0.5)) * 0.42 * near_floor;
    if (is_unlit) {
        diffuse = base_color.rgb * vertex_color.rgb;
        specular = vec3(0.0);
    }
}
