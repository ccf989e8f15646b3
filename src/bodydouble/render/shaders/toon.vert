#version 330 core
// Projects the vertices of a toon surface. What varies little from pixel to pixel is computed here, since a software
// driver spends most of its time on small triangles and on each value that is interpolated over them.
// With FORWARD, the surface comes nearer to the camera, at the same place of the image.
uniform mat4 clip_from_world;
#ifdef FORWARD
uniform vec2 depth_terms;  // depth in the image = x + y / distance along the optical axis
uniform float forward;     // m
#endif
#ifdef LIT
uniform vec3 light;        // unit, towards the light
#endif
#ifdef RIM
uniform vec3 eye;          // m, world
uniform float rim_lift;
#endif
#ifdef SHADOWED
uniform mat4 light_from_world;  // to the place in the light map
uniform float bias;             // of the depth there
#endif

in vec3 position;
in vec3 normal;
in vec2 texture_coordinates;
in vec4 vertex_color;

out vec2 uv;
#ifdef LIT
out float cosine;
#endif
#ifdef RIM
out float grazing;
#endif
#ifdef MATCAP
out vec2 matcap_place;
#endif
#ifdef COLORS
out vec4 tint;
#endif
#ifdef SHADOWED
out vec3 light_place;
#endif

void main() {
    uv = texture_coordinates;
    gl_Position = clip_from_world * vec4(position, 1.0);
#ifdef COLORS
    tint = vertex_color;
#endif
#if defined(LIT) || defined(RIM)
    vec3 n = normalize(normal);
#endif
#ifdef LIT
    cosine = dot(n, light);
#endif
#ifdef RIM
    vec3 to_eye = normalize(eye - position);
    grazing = 1.0 - dot(n, to_eye) + rim_lift;
#endif
#ifdef MATCAP
    vec3 across = normalize(vec3(to_eye.z, 0.0, -to_eye.x));
    vec2 place = vec2(dot(across, n), dot(cross(to_eye, across), n)) * 0.495 + 0.5;
    matcap_place = vec2(place.x, 1.0 - place.y);
#endif
#ifdef SHADOWED
    light_place = (light_from_world * vec4(position, 1.0)).xyz - vec3(0.0, 0.0, bias);
#endif
#ifdef FORWARD
    float distance = max(gl_Position.w - forward, 0.2 * gl_Position.w);
    gl_Position.z = (depth_terms.x + depth_terms.y / distance) * gl_Position.w;
#endif
}
