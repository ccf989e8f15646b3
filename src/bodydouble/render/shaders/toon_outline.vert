#version 330 core
// Hull around a surface, of which only the back is drawn: what is seen of it beyond the surface is the outline.
uniform mat4 clip_from_world;
uniform vec2 pixel;           // size of a pixel in clip space
uniform float width;          // px; with METRES, m
uniform vec2 depth_terms;     // depth in the image = x + y / distance along the optical axis
uniform float behind;         // m, away from the camera
#ifdef WIDTH_MASK
uniform sampler2D width_texture;
uniform mat3 width_from_base;
#endif

in vec3 position;
in vec3 hull_normal;
in vec2 texture_coordinates;

out vec2 uv;

void main() {
    uv = texture_coordinates;
    float reach = width;
#ifdef WIDTH_MASK
    reach *= textureLod(width_texture, (width_from_base * vec3(uv, 1.0)).xy, 0.0).g;
#endif
#ifdef METRES
    gl_Position = clip_from_world * vec4(position + reach * hull_normal, 1.0);
#else
    gl_Position = clip_from_world * vec4(position, 1.0);
    vec4 moved = clip_from_world * vec4(hull_normal, 0.0);
    // Direction of the normal in the image, not that of its end, which depends on the perspective.
    vec2 along = (moved.xy * gl_Position.w - gl_Position.xy * moved.w) / pixel;
    gl_Position.xy += along / max(length(along), 1e-6) * pixel * reach * gl_Position.w;
#endif
    gl_Position.z = (depth_terms.x + depth_terms.y / (gl_Position.w + behind)) * gl_Position.w;
}
