#version 330 core
// Shadow on the floor as black with alpha; with CHARACTERS, they are before it.
uniform sampler2D floor_shade;   // optical depth of the cast shadow, of the contact shadow
#ifdef CHARACTERS
uniform sampler2D characters;    // colour times coverage, and coverage, of two by two samples per pixel
#endif
uniform mat3 world_from_pixel;  // camera rays
uniform vec3 eye;               // m, world
uniform vec4 floor_area;        // x, z of the corner; extent in x, z; m
out vec4 color;

const vec2 DARKNESS = vec2(0.24, 0.46);

void main() {
    vec3 ray = world_from_pixel * vec3(gl_FragCoord.xy, 1.0);
    vec2 map_point = (eye.xz - ray.xz * (eye.y / ray.y) - floor_area.xy) / floor_area.zw;
    bool on_floor = ray.y < 0.0 && eye.y > 0.0 && all(lessThan(abs(map_point - 0.5), vec2(0.5)));
    vec2 shade = on_floor ? DARKNESS * (1.0 - exp(-textureLod(floor_shade, map_point, 0.0).rg)) : vec2(0.0);
    color = vec4(0.0, 0.0, 0.0, 1.0 - (1.0 - shade.r) * (1.0 - shade.g));
#ifdef CHARACTERS
    ivec2 corner = 2 * ivec2(gl_FragCoord.xy);
    vec4 front = 0.25 * (texelFetch(characters, corner, 0) + texelFetch(characters, corner + ivec2(1, 0), 0)
                         + texelFetch(characters, corner + ivec2(0, 1), 0)
                         + texelFetch(characters, corner + ivec2(1, 1), 0));
    color = front + (1.0 - front.a) * color;
#endif
}
