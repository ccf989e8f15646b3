#version 330 core
// Depth along an orthographic view. Vertices in front of the near plane are clamped to it.
uniform mat4 clip_from_world;
in vec3 position;

void main() {
    vec4 clip = clip_from_world * vec4(position, 1.0);
    gl_Position = vec4(clip.xy, max(clip.z, -1.0), 1.0);
}
