#version 330 core
// Projects vertices that are lit already.
uniform mat4 clip_from_world;

in vec3 position;
in vec3 vertex_diffuse;
in vec3 vertex_specular;
in vec2 texture_coordinates;

centroid out vec3 diffuse;   // to be multiplied by the texture
centroid out vec3 specular;  // to be added
centroid out vec2 uv;

void main() {
    diffuse = vertex_diffuse;
    specular = vertex_specular;
    uv = texture_coordinates;
    gl_Position = clip_from_world * vec4(position, 1.0);
}
