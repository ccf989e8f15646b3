#version 330 core
// Projects vertices that are lit already.
uniform mat4 clip_from_world;
uniform float base_alpha;

in vec3 position;
in vec3 vertex_diffuse;
in vec3 vertex_specular;
in vec2 texture_coordinates;
in float vertex_opacity;

centroid out vec3 diffuse;   // to be multiplied by the texture
centroid out vec3 specular;  // to be added
centroid out vec2 uv;
centroid out float vertex_alpha;

void main() {
    diffuse = vertex_diffuse;
    specular = vertex_specular;
    uv = texture_coordinates;
    vertex_alpha = base_alpha * vertex_opacity;
    gl_Position = clip_from_world * vec4(position, 1.0);
}
