#version 330 core
// Backdrop, whose floor is darkened by shadows; with CHARACTERS, they are in front of it.
uniform sampler2D backdrop;
uniform sampler2D floor_shade;
#ifdef CHARACTERS
uniform sampler2D characters;   // colour times coverage; coverage
#endif
uniform mat3 world_from_pixel;  // camera rays
uniform vec3 eye;               // m, world
uniform vec4 floor_area;        // x, z of the corner; extent in x, z; m
out vec4 color;

const vec3 FLOOR_SHADOW = vec3(0.28, 0.31, 0.40);

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    vec3 ray = world_from_pixel * vec3(gl_FragCoord.xy, 1.0);
    vec2 map_point = (eye.xz - ray.xz * (eye.y / ray.y) - floor_area.xy) / floor_area.zw;
    bool on_floor = ray.y < 0.0 && eye.y > 0.0 && all(lessThan(abs(map_point - 0.5), vec2(0.5)));
    float shade = on_floor ? textureLod(floor_shade, map_point, 0.0).r : 0.0;
    vec3 back = texelFetch(backdrop, pixel, 0).rgb * mix(vec3(1.0), FLOOR_SHADOW, shade);
#ifdef CHARACTERS
    vec4 front = texelFetch(characters, pixel, 0);
    back = front.rgb + (1.0 - front.a) * back;
#endif
    color = vec4(back, 1.0);
}
