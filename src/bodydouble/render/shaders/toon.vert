#version 330 core
// Projects the vertices of a toon surface. With FORWARD, they come nearer to the camera, at the same place of the image.
uniform mat4 clip_from_world;
#ifdef FORWARD
uniform vec2 depth_terms;  // depth in the image = x + y / distance along the optical axis
uniform float forward;     // m
#endif

in vec3 position;
in vec3 normal;
in vec2 texture_coordinates;
in vec4 vertex_color;

centroid out vec3 world_position;
centroid out vec3 surface_normal;
centroid out vec2 uv;
centroid out vec4 tint;

void main() {
    world_position = position;
    surface_normal = normal;
    uv = texture_coordinates;
    tint = vertex_color;
    gl_Position = clip_from_world * vec4(position, 1.0);
#ifdef FORWARD
    float distance = max(gl_Position.w - forward, 0.2 * gl_Position.w);
    gl_Position.z = (depth_terms.x + depth_terms.y / distance) * gl_Position.w;
#endif
}
