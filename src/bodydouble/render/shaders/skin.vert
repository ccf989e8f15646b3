#version 330 core
// Linear blend skinning; the result is captured, so that all passes draw the same vertices.
uniform sampler2D joints;  // (3, J) texels: the upper three rows of each joint's matrix

in vec3 rest_position;
in vec3 rest_normal;
in uvec4 joint_indices;
in vec4 joint_weights;
#ifdef HULL
in vec3 rest_hull_normal;
#endif

out vec3 position;
out vec3 normal;
#ifdef HULL
out vec3 hull_normal;
#endif

vec3 turned(vec4 rows[3], vec3 vector) {
    return vec3(dot(rows[0].xyz, vector), dot(rows[1].xyz, vector), dot(rows[2].xyz, vector));
}

void main() {
    vec4 rows[3] = vec4[3](vec4(0.0), vec4(0.0), vec4(0.0));
    for (int i = 0; i < 4; ++i) {
        int joint = int(joint_indices[i]);
        for (int row = 0; row < 3; ++row)
            rows[row] += joint_weights[i] * texelFetch(joints, ivec2(row, joint), 0);
    }
    vec4 point = vec4(rest_position, 1.0);
    position = vec3(dot(rows[0], point), dot(rows[1], point), dot(rows[2], point));
    normal = turned(rows, rest_normal);
#ifdef HULL
    hull_normal = turned(rows, rest_hull_normal);
#endif
}
