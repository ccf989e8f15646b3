#version 330 core
// A room with paintings and windows on its walls, or an outdoor scene with a skyline. Light is linear, the result sRGB.
uniform mat3 world_from_pixel;  // directions of camera rays
uniform vec3 eye;               // m, world
uniform float seed;
uniform bool indoors;
uniform vec4 room;              // m: x, z of the corners
uniform float ceiling;          // m
uniform float skyline;          // tangent of the elevation of the houses and trees around an outdoor scene
uniform int floor_pattern, wall_pattern;
uniform vec3 floor_color, floor_second, wall_color, wall_second;  // reflectance
uniform float floor_size, wall_size;                              // m
uniform vec3 sky_color, horizon_color;
uniform vec3 sun, key, sky_light, ground_light;
out vec4 color;

float hash(vec2 p) {
    p = fract(p * vec2(0.1031, 0.1030) + seed * 0.01);
    p += dot(p, p.yx + 33.33);
    return fract((p.x + p.y) * p.x * 43.7);
}

float noise(vec2 p) {
    vec2 cell = floor(p), f = fract(p);
    f = f * f * (3.0 - 2.0 * f);
    float low = mix(hash(cell), hash(cell + vec2(1, 0)), f.x);
    return mix(low, mix(hash(cell + vec2(0, 1)), hash(cell + vec2(1, 1)), f.x), f.y);
}

// Sum of octaves of noise; octaves finer than a pixel are skipped.
float mottling(vec2 p, float pixel) {
    float sum = 0.0, strength = 0.5;
    for (int i = 0; i < 4; ++i) {
        sum += strength * mix(noise(p), 0.5, clamp(pixel * 2.0, 0.0, 1.0));
        p = p * 2.03 + 17.0;
        pixel *= 2.03;
        strength *= 0.5;
    }
    return sum / 0.9375;
}

// 1 on the joints of a grid of cells, fading where they are finer than a pixel.
float joints(vec2 p, float width, float pixel) {
    vec2 edge = min(fract(p), 1.0 - fract(p));
    float line = 1.0 - smoothstep(width, width + pixel, min(edge.x, edge.y));
    return line * clamp(1.5 - 2.0 * pixel, 0.0, 1.0);
}

vec3 finish(int pattern, vec3 first, vec3 second, float size, vec2 p, float pixel) {
    vec2 q = p / size;
    pixel /= size;
    float tint = 0.85 + 0.3 * mottling(q * 0.7, pixel * 0.7);
    if (pattern == 1) {  // planks
        float row = floor(q.y);
        vec2 cell = vec2(q.x * 0.12 + hash(vec2(row, 3.0)) * 7.0, q.y);
        float grain = mottling(vec2(q.x * 0.6, q.y * 7.0), pixel * 7.0);
        vec3 wood = mix(first, second, 0.35 * grain + 0.25 * hash(floor(cell)) * clamp(1.0 - pixel, 0.0, 1.0));
        return wood * tint * (1.0 - 0.6 * joints(vec2(0.5, cell.y), 0.02, pixel));
    }
    if (pattern == 2) {  // tiles
        float odd = mod(floor(q.x) + floor(q.y), 2.0) * clamp(1.0 - pixel, 0.0, 1.0);
        return mix(first, second, 0.5 * odd) * tint * (1.0 - 0.4 * joints(q, 0.015, pixel));
    }
    if (pattern == 3)  // grass, gravel, carpet
        return mix(first, second, mottling(q * 6.0, pixel * 6.0)) * tint;
    if (pattern == 4) {  // bricks
        vec2 cell = vec2(q.x + 0.5 * mod(floor(q.y * 3.0), 2.0), q.y * 3.0);
        vec3 brick = mix(first, second, 0.4 * hash(floor(cell)) * clamp(1.0 - pixel, 0.0, 1.0));
        return mix(brick, vec3(0.45), joints(cell, 0.04, pixel)) * tint;
    }
    return mix(first, second, 0.3 * mottling(q, pixel)) * tint;
}

vec3 lit(vec3 reflectance, vec3 normal) {
    float facing = max(dot(normal, sun), 0.0);
    return reflectance * (key * facing * 0.36 + mix(ground_light, sky_light, 0.5 + 0.5 * normal.y) * 0.56);
}

vec3 painting(vec2 p, float number) {
    vec2 q = p * 3.0 + number * 31.0;
    vec3 shift = vec3(mottling(q, 0.0), mottling(q + 40.0, 0.0), mottling(q + 80.0, 0.0));
    return clamp(shift * 1.6 - 0.3 + 0.3 * sin(q.x * 4.0 * hash(vec2(number, 1.0))), 0.02, 0.9);
}

// Bays of a wall hold a painting, a window or nothing.
vec3 bay(vec2 p, vec3 wall, vec3 normal, float side, float pixel) {
    float bay_width = 1.7;
    float index = floor(p.x / bay_width);
    vec2 inside = vec2(p.x - (index + 0.5) * bay_width, p.y - 1.55);
    float kind = hash(vec2(index + 13.0, side * 7.0 + 1.0));
    vec2 extent = vec2(0.25 + 0.4 * hash(vec2(index, side)), 0.25 + 0.45 * hash(vec2(index, side + 9.0)));
    vec2 over = abs(inside) - extent;
    float far = max(over.x, over.y);
    if (kind < 0.35) {
        vec3 framed = far > -0.03 ? vec3(0.08) : painting(inside, index + 10.0 * side);
        return mix(lit(framed, normal), wall, smoothstep(-pixel, pixel, far));
    }
    if (kind < 0.55) {
        float bar = min(abs(inside.x), abs(inside.y));
        float glass = smoothstep(-pixel, pixel, min(-0.05 - far, bar - 0.02));
        vec3 view = mix(lit(vec3(0.7), normal), horizon_color * (1.0 + 0.5 * inside.y), glass);
        return mix(view, wall, smoothstep(-pixel, pixel, far));
    }
    return wall;
}

vec3 inside_room(vec3 ray) {
    vec3 low = vec3(room.x, 0.0, room.y), high = vec3(room.z, ceiling, room.w);
    vec3 reach = (mix(low, high, step(0.0, ray)) - eye) / ray;
    float along = min(reach.x, min(reach.y, reach.z));
    vec3 hit = eye + along * ray;
    float pixel = along * length(fwidth(ray)) * 0.7;
    if (along == reach.y) {
        vec3 normal = vec3(0.0, -sign(ray.y), 0.0);
        if (ray.y > 0.0) return lit(sky_color, normal);
        return lit(finish(floor_pattern, floor_color, floor_second, floor_size, hit.xz, pixel), normal);
    }
    bool across = along == reach.x;
    vec3 normal = across ? vec3(-sign(ray.x), 0.0, 0.0) : vec3(0.0, 0.0, -sign(ray.z));
    vec2 p = vec2(across ? hit.z : hit.x, hit.y);
    float side = (across ? 1.0 : 2.0) + 0.5 * (across ? sign(ray.x) : sign(ray.z));
    vec3 wall = finish(wall_pattern, wall_color, wall_second, wall_size, p, pixel);
    wall = lit(mix(wall_second * 0.5, wall, smoothstep(-pixel, pixel, p.y - 0.09)), normal);
    return bay(p, wall, normal, side, pixel);
}

vec3 outdoors(vec3 ray) {
    float azimuth = atan(ray.x, ray.z) * 14.0;
    float height = ray.y / length(ray.xz);
    vec3 sky = mix(horizon_color, sky_color, smoothstep(0.0, 0.7, height));
    float cloud = mottling(ray.xz / max(ray.y + 0.15, 0.05) * 1.5, 0.0);
    sky = mix(sky, vec3(max(horizon_color.r, horizon_color.b)) * 1.1, smoothstep(0.5, 0.8, cloud) * 0.7);
    vec3 result = sky;
    float house = floor(azimuth);
    float roof = skyline * (0.3 + hash(vec2(house, 5.0)));
    float tree = skyline * 0.9 * (mottling(vec2(azimuth * 1.3, 4.0), 0.0) + 0.25 * noise(vec2(azimuth * 9.0, 2.0)));
    vec3 away = -vec3(ray.x, 0.0, ray.z) / length(ray.xz);
    if (height < roof && hash(vec2(house, 8.0)) < 0.55) {
        vec2 window = vec2(fract(azimuth) * 5.0, height / skyline * 6.0);
        bool glass = all(lessThan(abs(fract(window) - 0.5), vec2(0.28)));
        vec3 front = mix(wall_color, wall_second, hash(vec2(house, 6.0)));
        result = glass ? mix(sky, vec3(0.05), 0.6) : lit(front, away);
    }
    if (height < tree)
        result = lit(mix(vec3(0.05, 0.09, 0.03), vec3(0.12, 0.17, 0.05), noise(vec2(azimuth * 30.0, height * 200.0))), away);
    if (ray.y < 0.0) {
        float along = -eye.y / ray.y;
        vec2 hit = eye.xz + ray.xz * along;
        float pixel = along * length(fwidth(ray)) * 0.7 / max(-ray.y, 0.02);
        vec3 ground = finish(floor_pattern, floor_color, floor_second, floor_size, hit, pixel);
        result = mix(horizon_color * 0.6, lit(ground, vec3(0.0, 1.0, 0.0)), exp(-along / 150.0));
    }
    return result;
}

void main() {
    vec3 ray = normalize(world_from_pixel * vec3(gl_FragCoord.xy, 1.0));
    vec3 light = indoors ? inside_room(ray) : outdoors(ray);
    color = vec4(sqrt(clamp(light / (1.0 + 0.25 * max(light - 0.6, 0.0)), 0.0, 1.0)), 1.0);
}
