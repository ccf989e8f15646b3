#version 330 core
// Toon surface after VRMC_materials_mtoon 1.0, lit by one white light. Colours are sRGB; added light is linear.
// With UNSEEN, only the depth of the surface counts.
// Textures are present if their macro is: BASE, SHADE, SHIFT, EMISSION, MATCAP, RIM_MASK. SHADE_IS_BASE: one texture.
uniform vec4 base_color;   // sRGB, alpha
uniform float min_alpha;   // fragments with less alpha are not drawn
uniform float opacity;
#ifdef BASE
uniform sampler2D base_texture;
#endif
#ifdef LIT
uniform vec3 shade_color;   // sRGB
uniform float shift;
uniform float half_range;   // half of the range of cosines in which light turns to shade
#endif
#ifdef SHADE
uniform sampler2D shade_texture;
uniform mat3 shade_from_base;
#endif
#ifdef SHIFT
uniform sampler2D shift_texture;
uniform mat3 shift_from_base;
uniform float shift_scale;
#endif
#ifdef SHADOWED
uniform sampler2DShadow light_map;
uniform float light_blur;  // radius in the light map
#ifdef NEAR_CASTERS
uniform float shadow_reach;  // of the depth there
#endif
#endif
#ifdef RIM
uniform vec3 rim_color;
uniform float rim_power, rim_lighting_mix;
#endif
#ifdef MATCAP
uniform sampler2D matcap_texture;
uniform vec3 matcap_color;
#endif
#ifdef RIM_MASK
uniform sampler2D rim_texture;
uniform mat3 rim_from_base;
#endif
#ifdef EMIT
uniform vec3 emission;
#endif
#ifdef EMISSION
uniform sampler2D emission_texture;
uniform mat3 emission_from_base;
#endif

in vec2 uv;
#ifdef LIT
in float cosine;
#endif
#ifdef RIM
in float grazing;
#endif
#ifdef MATCAP
in vec2 matcap_place;
#endif
#ifdef COLORS
in vec4 tint;
#endif
#ifdef SHADOWED
in vec3 light_place;
#endif
out vec4 color;

vec3 squared(vec3 encoded) {
    return encoded * encoded;
}

vec2 placed(mat3 transform) {
    return (transform * vec3(uv, 1.0)).xy;
}

#ifdef SHADOWED
// 1 where light arrives in a place of the light map, 0 in shadow.
float free_at(vec2 off) {
    vec3 place = vec3(light_place.xy + light_blur * off, light_place.z);
    float free = texture(light_map, place);
#ifdef NEAR_CASTERS
    // What is farther towards the light than the reach casts no shadow.
    free = max(free, 1.0 - texture(light_map, place - vec3(0.0, 0.0, shadow_reach)));
#endif
    return free;
}

// Share of places around the pixel where light arrives. Each of its two by two samples looks at other places, and takes
// the mean from its neighbours. The middle of the blurred edge is kept, so that shadows narrower than the blur vanish.
float unshadowed() {
    vec2 side = 1.0 - 2.0 * mod(floor(gl_FragCoord.xy), 2.0);  // 1 or -1
#ifdef NEAR_CASTERS
    float free = (free_at(side * vec2(0.25, 0.18)) + free_at(side * vec2(0.24, 0.66))
                  + free_at(side * vec2(0.82, 0.38))) / 3.0;
#else
    float free = free_at(0.5 * side + 0.2 * vec2(side.y, -side.x));
#endif
    free += 0.5 * side.x * dFdx(free);
    free += 0.5 * side.y * dFdy(free);
    return smoothstep(0.35, 0.65, free);
}
#endif

#ifdef LIT
// Share of light, 0 to 1, whose edge is one pixel wide at least.
float lit() {
    float shifted = cosine + shift;
#ifdef SHIFT
    shifted += texture(shift_texture, placed(shift_from_base)).r * shift_scale;
#endif
    float range = max(half_range, 0.7 * fwidth(shifted));
    float share = clamp(shifted / range * 0.5 + 0.5, 0.0, 1.0);
#ifdef SHADOWED
    share *= unshadowed();
#endif
    return gl_FrontFacing ? share : 0.0;  // the inside of cloth is in shade
}
#endif

#ifdef RIM
vec3 rim(float share) {
    vec3 sum = rim_color * pow(clamp(grazing, 0.0, 1.0), rim_power);
#ifdef MATCAP
    sum += matcap_color * squared(texture(matcap_texture, matcap_place).rgb);
#endif
#ifdef RIM_MASK
    sum *= squared(texture(rim_texture, placed(rim_from_base)).rgb);
#endif
    return gl_FrontFacing ? sum * mix(1.0, share, rim_lighting_mix) : vec3(0.0);
}
#endif

void main() {
    vec4 surface = base_color;
#ifdef COLORS
    surface *= tint;
#endif
#ifdef BASE
    vec4 texel = texture(base_texture, uv);
    surface *= texel;
#endif
#ifndef OPAQUE
    if (surface.a < min_alpha) discard;
#endif
#ifdef UNSEEN
    color = vec4(0.0);
#else
    vec3 drawn = surface.rgb;
#ifdef LIT
    float share = lit();
    vec3 shade = shade_color;
#ifdef COLORS
    shade *= tint.rgb;
#endif
#ifdef SHADE
    shade *= texture(shade_texture, placed(shade_from_base)).rgb;
#endif
#ifdef SHADE_IS_BASE
    shade *= texel.rgb;
#endif
    drawn = mix(shade, drawn, share);
#endif
    vec3 added = vec3(0.0);
#ifdef RIM
    added += rim(share);
#endif
#ifdef EMISSION
    added += emission * squared(texture(emission_texture, placed(emission_from_base)).rgb);
#elif defined(EMIT)
    added += emission;
#endif
#if defined(RIM) || defined(EMIT)
    drawn = sqrt(drawn * drawn + added);
#endif
#ifdef BLEND
    float alpha = surface.a * opacity;
#else
    float alpha = opacity;
#endif
    color = vec4(min(drawn, 1.0) * alpha, alpha);
#endif
}
