#version 330 core
// Studio: a wall without edges that blends into a floor with a grid. Colours are sRGB.
uniform mat3 world_from_pixel;  // directions of camera rays
uniform vec3 eye;               // m, world
uniform vec2 size;              // px
out vec4 color;

const vec3 WALL_TOP = vec3(0.800, 0.822, 0.858);
const vec3 WALL_BOTTOM = vec3(0.928, 0.936, 0.950);
const vec3 FLOOR = vec3(0.862, 0.874, 0.896);
const vec3 LINE = vec3(0.640, 0.668, 0.716);

// Coverage of a pixel by the lines of a square grid; lines are at least a pixel wide and fade instead of thinning.
float grid(vec2 p, vec2 pixel, float spacing, float width) {
    vec2 footprint = max(pixel / spacing, vec2(1e-6));
    vec2 wanted = vec2(width / spacing);
    vec2 drawn = clamp(wanted, footprint, vec2(0.5));
    vec2 from_line = abs(fract(p / spacing - 0.5) - 0.5) * 2.0;
    vec2 lines = 1.0 - smoothstep(drawn - footprint, drawn + footprint, from_line);
    lines *= clamp(wanted / drawn, 0.0, 1.0);
    lines = mix(lines, wanted, clamp(footprint * 2.0 - 1.0, 0.0, 1.0));
    return max(lines.x, lines.y);
}

void main() {
    vec3 ray = normalize(world_from_pixel * vec3(gl_FragCoord.xy, 1.0));
    vec3 wall = mix(WALL_BOTTOM, WALL_TOP, smoothstep(0.0, 0.75, ray.y));
    vec3 result = wall;
    float along = -eye.y / min(ray.y, -1e-4);
    vec2 floor_point = eye.xz + ray.xz * along;
    vec2 pixel = fwidth(floor_point);
    if (ray.y < -1e-4 && eye.y > 0.0) {
        float reach = 10.0 + length(eye.xz);
        float near = exp(-pow(along / reach, 2.0));
        vec3 ground = mix(WALL_BOTTOM, FLOOR, near);
        float lines = max(grid(floor_point, pixel, 1.0, 0.020), 0.45 * grid(floor_point, pixel, 0.5, 0.012));
        result = mix(ground, LINE, lines * near);
    }
    vec2 off = gl_FragCoord.xy / size - 0.5;
    result *= 1.0 - 0.16 * dot(off, off);
    // Half a step of 8 bits of ordered noise hides the bands of the gradient.
    float noise = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
    color = vec4(result + (noise - 0.5) / 255.0, 1.0);
}
