#version 330 core
// With SURFACE, textures, emitted light and alpha are applied; plain opaque surfaces do without.
#ifdef SURFACE
uniform sampler2D base_texture;
uniform bool has_texture;
uniform sampler2D emissive_texture;
uniform bool has_emissive_texture;
uniform vec3 emissive_color;  // linear
uniform float min_alpha;      // fragments with less alpha are not drawn
uniform float max_alpha;      // nor are those with this much
#endif

centroid in vec3 diffuse;
centroid in vec3 specular;
centroid in vec2 uv;
centroid in float vertex_alpha;
out vec4 color;

// Keeps colours as they are up to a shoulder, above which they approach white.
// Source: Khronos PBR Neutral tone mapper, https://github.com/KhronosGroup/ToneMapping
vec3 tone_mapped(vec3 c) {
    const float START = 0.76;
    const float ROOM = 1.0 - START;
    float peak = max(c.r, max(c.g, c.b));
    float kept = peak < START ? peak : 1.0 - ROOM * ROOM / (peak + ROOM - START);
    return mix(c * (kept / max(peak, 1e-4)), vec3(kept), 1.0 - 1.0 / (0.15 * (peak - kept) + 1.0));
}

void main() {
    vec3 light = diffuse;
    vec3 emitted = vec3(0.0);
    float coverage = 1.0;
#ifdef SURFACE
    float alpha = vertex_alpha;
    if (has_texture) {
        vec4 texel = texture(base_texture, uv);
        alpha *= texel.a;
        light *= texel.rgb * texel.rgb;
    }
    if (alpha < min_alpha || alpha >= max_alpha) discard;
    emitted = emissive_color;
    if (has_emissive_texture) {
        vec3 texel = texture(emissive_texture, uv).rgb;
        emitted *= texel * texel;
    }
    coverage = max_alpha > 1.0 ? 1.0 : alpha;
#endif
    // A square root is close to the sRGB curve and cheaper; the texture was squared to match.
    color = vec4(sqrt(tone_mapped(light + specular + emitted)), 1.0) * coverage;
}
