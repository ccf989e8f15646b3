#version 330 core
// Shadow of an ellipsoid on the floor, soft at its edge: optical depths of cast and of contact shadow, to be added.
in vec2 place;
flat in vec2 strength_there;
out vec2 density;

void main() {
    float inside = max(1.0 - dot(place, place), 0.0);
    density = strength_there * inside * inside;
}
