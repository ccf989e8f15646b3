#version 330 core
// Square around the shadow of an ellipsoid on the floor; one instance per shadow.
uniform vec4 floor_area;  // x, z of the corner; extent in x, z; m
in vec2 center;           // x, z; m
in vec4 axes;             // both half axes, x, z; m
in vec2 strength;         // of the cast shadow, of the contact shadow
out vec2 place;
flat out vec2 strength_there;

void main() {
    place = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0;
    strength_there = strength;
    vec2 point = center + place.x * axes.xy + place.y * axes.zw;
    gl_Position = vec4((point - floor_area.xy) / floor_area.zw * 2.0 - 1.0, 0.0, 1.0);
}
