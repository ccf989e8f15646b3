#version 330 core
// With TEXTURED, the light is multiplied by a texture, and its transparent parts are left out.
#ifdef TEXTURED
uniform sampler2D base_texture;
#endif

centroid in vec3 diffuse;
centroid in vec3 specular;
centroid in vec2 uv;
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
#ifdef TEXTURED
    vec4 texel = texture(base_texture, uv);
    if (texel.a < 0.5) discard;
    light *= texel.rgb * texel.rgb;
#endif
    // A square root is close to the sRGB curve and cheaper; the texture was squared to match.
    color = vec4(sqrt(tone_mapped(light + specular)), 1.0);
}
