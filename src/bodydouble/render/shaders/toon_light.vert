#version 330 core
// Depth of a caster seen from the light. It may be drawn smaller than it is, so that it does not shade itself.
uniform mat4 clip_from_world;
uniform float inset;  // m
in vec3 position;
in vec3 normal;

void main() {
    vec4 clip = clip_from_world * vec4(position - inset * normalize(normal), 1.0);
    gl_Position = vec4(clip.xy, clamp(clip.z, -1.0, 1.0), 1.0);
}
