#version 330 core
// Colour of an outline; with BASE, in part multiplied by that of the lit surface.
uniform vec4 outline_color;   // sRGB
uniform float lighting_mix;
uniform float min_alpha;
#ifdef BASE
uniform sampler2D base_texture;
uniform vec4 base_color;
#endif

in vec2 uv;
out vec4 color;

void main() {
    vec3 drawn = outline_color.rgb;
#ifdef BASE
    vec4 texel = texture(base_texture, uv) * base_color;
    if (texel.a < min_alpha) discard;
    drawn *= mix(vec3(1.0), texel.rgb, lighting_mix);
#endif
    color = vec4(drawn, 1.0);
}
