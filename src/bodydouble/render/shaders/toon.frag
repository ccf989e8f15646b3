#version 330 core
// Toon surface after VRMC_materials_mtoon 1.0, lit by one white light. Colours are sRGB; added light is linear.
// Textures are present if their macro is: BASE, SHADE, SHIFT, EMISSION, MATCAP, RIM_MASK. SHADE_IS_BASE: one texture.
uniform vec4 base_color;   // sRGB, alpha
uniform float min_alpha;   // fragments with less alpha are not drawn
uniform float opacity;
#ifdef BASE
uniform sampler2D base_texture;
#endif
#ifdef LIT
uniform vec3 light;         // unit, towards the light
uniform vec3 shade_color;   // sRGB
uniform float shift;
uniform float half_range;   // half of the range of cosines in which light turns to shade
#ifdef SHADE
uniform sampler2D shade_texture;
uniform mat3 shade_from_base;
#endif
#ifdef SHIFT
uniform sampler2D shift_texture;
uniform mat3 shift_from_base;
uniform float shift_scale;
#endif
#endif
#ifdef RIM
uniform vec3 eye;  // m, world
uniform vec3 rim_color;
uniform float rim_power, rim_lift, rim_lighting_mix;
#ifdef MATCAP
uniform sampler2D matcap_texture;
uniform vec3 matcap_color;
#endif
#ifdef RIM_MASK
uniform sampler2D rim_texture;
uniform mat3 rim_from_base;
#endif
#endif
#ifdef EMIT
uniform vec3 emission;
#ifdef EMISSION
uniform sampler2D emission_texture;
uniform mat3 emission_from_base;
#endif
#endif

centroid in vec3 world_position;
centroid in vec3 surface_normal;
centroid in vec2 uv;
centroid in vec4 tint;
out vec4 color;

vec2 placed(mat3 transform) {
    return (transform * vec3(uv, 1.0)).xy;
}

#ifdef LIT
// Share of light, 0 to 1, whose edge is one pixel wide at least.
float lit(vec3 normal) {
    float cosine = dot(normal, light) + shift;
#ifdef SHIFT
    cosine += texture(shift_texture, placed(shift_from_base)).r * shift_scale;
#endif
    float range = max(half_range, 0.7 * fwidth(cosine));
    return clamp(cosine / range * 0.5 + 0.5, 0.0, 1.0);
}
#endif

#ifdef RIM
vec3 rim(vec3 normal, float shading) {
    vec3 to_eye = normalize(eye - world_position);
    float edge = clamp(1.0 - dot(normal, to_eye) + rim_lift, 0.0, 1.0);
    vec3 sum = rim_color * pow(edge, rim_power);
#ifdef MATCAP
    vec3 across = normalize(vec3(to_eye.z, 0.0, -to_eye.x));
    vec2 place = vec2(dot(across, normal), dot(cross(to_eye, across), normal)) * 0.495 + 0.5;
    vec3 texel = texture(matcap_texture, vec2(place.x, 1.0 - place.y)).rgb;
    sum += matcap_color * texel * texel;
#endif
#ifdef RIM_MASK
    vec3 mask = texture(rim_texture, placed(rim_from_base)).rgb;
    sum *= mask * mask;
#endif
    return sum * mix(1.0, shading, rim_lighting_mix);
}
#endif

void main() {
    vec4 surface = base_color * tint;
#ifdef BASE
    vec4 texel = texture(base_texture, uv);
    surface *= texel;
#endif
    float alpha = surface.a;
    if (alpha < min_alpha) discard;
    vec3 drawn = surface.rgb;
    float shading = 1.0;
#ifdef LIT
    vec3 normal = normalize(surface_normal);
    // The inside of cloth is in shade.
    shading = gl_FrontFacing ? lit(normal) : 0.0;
    vec3 shade = shade_color * tint.rgb;
#ifdef SHADE
    shade *= texture(shade_texture, placed(shade_from_base)).rgb;
#endif
#ifdef SHADE_IS_BASE
    shade *= texel.rgb;
#endif
    drawn = mix(shade, drawn, shading);
#endif
    vec3 added = vec3(0.0);
#ifdef RIM
    if (gl_FrontFacing) added += rim(normal, shading);
#endif
#ifdef EMIT
    vec3 emitted = emission;
#ifdef EMISSION
    vec3 glow = texture(emission_texture, placed(emission_from_base)).rgb;
    emitted *= glow * glow;
#endif
    added += emitted;
#endif
#if defined(RIM) || defined(EMIT)
    drawn = sqrt(drawn * drawn + added);
#endif
#ifdef OPAQUE
    alpha = 1.0;
#endif
    alpha *= opacity;
    color = vec4(min(drawn, 1.0) * alpha, alpha);
}
