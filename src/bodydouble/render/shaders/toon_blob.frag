#version 330 core
// Shadow of an ellipsoid on the floor, soft at its edge.
in vec2 place;
flat in vec2 darkness;
out vec4 shade;

void main() {
    float inside = max(1.0 - dot(place, place), 0.0);
    shade = vec4(darkness * (inside * inside * (3.0 - 2.0 * inside)), 0.0, 1.0);
}
