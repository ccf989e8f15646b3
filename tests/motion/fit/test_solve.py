"""Laws of the fit over the whole clip, on a known motion."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import FloatArray, Motion
from bodydouble.geometry import camera, kinematics, rotation
from bodydouble.geometry.rotation_log import exponential
from bodydouble.motion.fit.kinematics import DOF, pose_skeleton
from bodydouble.motion.fit.normal_equations import NormalEquations
from bodydouble.motion.fit.solve import SolveOptions, retract, solve
from bodydouble.motion.fit.terms import FIT_LANDMARKS, SUPPORT_LANDMARKS, FitTargets, NoiseModel, State, linearize
from tests.motion.scenes import static_camera, waving_motion

RNG = np.random.default_rng(5)


def in_camera(motion: Motion, view: FloatArray) -> State:
    rotations = rotation.to_matrix(motion.rotations)
    rotations[:, 0] = view[:3, :3] @ rotations[:, 0]
    return State(rotations, camera.transform(view, motion.root_position))


def simulated_targets(motion: Motion, view: FloatArray, noise: float = 0.0) -> FitTargets:
    """Returns the targets of a perfect lifter; noise is relative to the standard deviations."""
    state = in_camera(motion, view)
    landmarks = pose_skeleton(motion.skeleton, state.rotations, state.root, FIT_LANDMARKS).landmarks
    frames, count = landmarks.shape[:2]
    hips = landmarks[:, [FIT_LANDMARKS.index(23), FIT_LANDMARKS.index(24)]].mean(axis=1)
    view_ray = rotation.normalize(hips)
    sigma = 0.004
    points = landmarks[..., :2] / landmarks[..., 2:] + noise * sigma * RNG.normal(size=(frames, count, 2))
    return FitTargets(
        fps=float(motion.fps),
        camera_from_reference=np.broadcast_to(np.eye(4)[:3], (frames, 3, 4)),
        points=points,
        points_sigma=np.full((frames, count), sigma),
        view_ray=view_ray,
        depths=np.einsum("tli,ti->tl", landmarks - hips[:, None], view_ray)
        + noise * 0.05 * RNG.normal(size=(frames, count)),
        depths_sigma=np.full((frames, count), 0.05),
        rotations=state.rotations,
        root_velocity=np.gradient(state.root, axis=0) * float(motion.fps) if frames > 1 else np.zeros((1, 3)),
        contacts=np.tile([0.0, 0.0, 1.0, 1.0], (frames, 1)),
        support_contacts=np.zeros((frames, len(SUPPORT_LANDMARKS))),
        explained_acceleration=np.full((frames, 3), np.nan),
        airborne=np.zeros(frames),
        origin_height=np.full(frames, camera.inverse(view)[1, 3]),
        up=view[:3, 1],
    )


def joints(motion: Motion, state: State) -> FloatArray:
    return kinematics.forward_kinematics(motion.skeleton, rotation.from_matrix(state.rotations), state.root)[0]


def perturb(state: State, degrees: float) -> State:
    """Rotates every joint by an angle about a random axis, and moves the hips by 0.3 m."""
    axes = rotation.normalize(RNG.normal(size=(*state.rotations.shape[:2], 3)))
    return State(state.rotations @ exponential(np.radians(degrees) * axes), state.root + RNG.normal(0, 0.3, 3))


def test_gradient_agrees_with_finite_differences() -> None:
    motion = waving_motion(5)
    targets = simulated_targets(motion, static_camera(pitch=0.2), noise=2.0)
    rotated = exponential(RNG.normal(0, 0.1, (5, 3)))
    view = np.concatenate([rotated, RNG.normal(0, 0.1, (5, 3, 1))], axis=-1)
    explained = np.concatenate([RNG.normal(0, 5.0, (4, 3)), np.full((1, 3), np.nan)])
    targets = replace(
        targets,
        camera_from_reference=view,
        contacts=RNG.random((5, 4)),
        airborne=RNG.random(5),
        explained_acceleration=explained,
    )
    # Robust weights are held fixed within a step, so that only the squared loss has this gradient.
    noise_model = NoiseModel(landmark_outlier=1e9, contact_outlier=1e9)
    state = perturb(in_camera(motion, static_camera(pitch=0.2)), 20.0)
    equations = linearize(motion.skeleton, state, targets, noise_model).normal_equations()
    small_step = 1e-6
    for frame in range(5):
        for unknown in range(0, DOF, 4):
            step = np.zeros((5, DOF))
            step[frame, unknown] = small_step
            ahead, behind = (
                linearize(motion.skeleton, retract(state, s), targets, noise_model).cost for s in (step, -step)
            )
            expected = (ahead - behind) / (2 * small_step)
            assert equations.gradient[frame, unknown] == pytest.approx(expected, rel=1e-4, abs=0.02)


def dense_matrix(equations: NormalEquations) -> FloatArray:
    """Returns the matrix (T N, T N) of all frames."""
    frames, unknowns = equations.gradient.shape
    groups, group = equations.off_diagonal_2.shape[1:3]
    dense = np.zeros((frames, unknowns, frames, unknowns))
    for t in range(frames):
        dense[t, :, t] = equations.diagonal[t] + np.triu(equations.diagonal[t], 1).T
    for t in range(frames - 1):
        dense[t, :, t + 1] = equations.off_diagonal_1[t]
        dense[t + 1, :, t] = equations.off_diagonal_1[t].T
    for t in range(frames - 2):
        for g in range(groups):
            span = slice(g * group, (g + 1) * group)
            dense[t, span, t + 2, span] = equations.off_diagonal_2[t, g]
            dense[t + 2, span, t, span] = equations.off_diagonal_2[t, g].T
    return dense.reshape(frames * unknowns, -1)


def test_normal_equations_are_the_second_derivatives_at_zero_residual() -> None:
    frames = 4
    motion, view = waving_motion(frames), static_camera(pitch=0.2)
    static = np.broadcast_to(waving_motion(60).rotations[20], motion.rotations.shape)
    motion = replace(motion, rotations=static)
    targets = replace(simulated_targets(motion, view), contacts=RNG.random((frames, 4)), up=None)
    state = in_camera(motion, view)
    explained = np.full((frames, 3), np.nan)
    explained[1:-1] = np.diff(state.root, n=2, axis=0) * targets.fps**2
    targets = replace(targets, explained_acceleration=explained)
    equations = linearize(motion.skeleton, state, targets, NoiseModel()).normal_equations()
    dense = dense_matrix(equations)
    assert np.abs(equations.gradient).max() < 1e-9
    small_step = 1e-6
    for unknown in range(DOF):
        step = np.zeros((frames, DOF))
        step[1, unknown] = small_step
        ahead, behind = (
            linearize(motion.skeleton, retract(state, s), targets, NoiseModel()).normal_equations().gradient
            for s in (step, -step)
        )
        expected = ((ahead - behind) / (2 * small_step)).ravel()
        np.testing.assert_allclose(dense[:, DOF + unknown], expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def random_equations(frames: int, groups: int, group: int) -> tuple[NormalEquations, FloatArray]:
    """Returns random equations and their matrix (T N, T N)."""
    unknowns = groups * group
    dense = np.zeros((frames, unknowns, frames, unknowns))
    off_diagonal_2 = np.zeros((max(frames - 2, 0), groups, group, group))
    for start in range(frames - 1):
        rows = RNG.normal(size=(20, 2 * unknowns))
        dense[start : start + 2, :, start : start + 2] += (rows.T @ rows).reshape(2, unknowns, 2, unknowns)
    for start, g in np.ndindex(*off_diagonal_2.shape[:2]):
        rows = RNG.normal(size=(20, 3 * group))
        product = (rows.T @ rows).reshape(3, group, 3, group)
        span = slice(g * group, (g + 1) * group)
        dense[start : start + 3, span, start : start + 3, span] += product
        off_diagonal_2[start, g] = product[0, :, 2]
    diagonal = np.array([np.triu(dense[t, :, t]) for t in range(frames)])
    off_diagonal_1 = np.array([dense[t, :, t + 1] for t in range(frames - 1)])
    equations = NormalEquations(diagonal, off_diagonal_1, off_diagonal_2, RNG.normal(size=(frames, unknowns)))
    return equations, dense.reshape(frames * unknowns, -1)


@pytest.mark.parametrize("frames", [2, 3, 6])
@pytest.mark.parametrize("group", [1, 3])
def test_banded_step_solves_the_dense_system(frames: int, group: int) -> None:
    equations, dense = random_equations(frames, 2, group)
    expected = np.linalg.solve(dense + 0.1 * np.diag(np.diag(dense)), -equations.gradient.ravel())
    np.testing.assert_allclose(equations.solve_step(0.1).ravel(), expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("yaw", [0.0, 1.2])
def test_fit_recovers_the_motion_from_a_start_30_degrees_off(yaw: float) -> None:
    motion, view = waving_motion(90), static_camera(yaw=yaw, pitch=0.2)
    ground_truth = in_camera(motion, view)
    targets = simulated_targets(motion, view)
    start = perturb(ground_truth, 30.0)
    # The target rotations are wrong as well, so that points and depths determine the solution.
    targets = replace(targets, rotations=start.rotations)
    noise_model = replace(NoiseModel(), rotation_sigma=3.0)
    solution = solve(motion.skeleton, start, targets, SolveOptions(noise_model, max_steps=30))
    error = np.linalg.norm(joints(motion, solution) - joints(motion, ground_truth), axis=-1)
    assert error.mean() < 0.012
    assert np.linalg.norm(joints(motion, start) - joints(motion, ground_truth), axis=-1).mean() > 0.2


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_clips_of_one_to_three_frames_are_fitted(frames: int) -> None:
    motion, view = waving_motion(frames), static_camera()
    ground_truth = in_camera(motion, view)
    start = perturb(ground_truth, 15.0)
    solution = solve(motion.skeleton, start, simulated_targets(motion, view))
    before, after = (
        np.linalg.norm(joints(motion, s) - joints(motion, ground_truth), axis=-1) for s in (start, solution)
    )
    assert after.mean() < 0.1 * before.mean()


def test_windows_join_without_a_discontinuity() -> None:
    motion, view = waving_motion(240), static_camera(pitch=0.1)
    targets = simulated_targets(motion, view, noise=1.0)
    start = in_camera(motion, view)
    in_one_window, windowed = (
        solve(motion.skeleton, start, targets, SolveOptions(window_frames=window, max_steps=12)) for window in (240, 60)
    )
    assert np.linalg.norm(joints(motion, in_one_window) - joints(motion, windowed), axis=-1).max() < 0.001


def test_twice_the_frame_rate_gives_the_same_motion() -> None:
    slow = waving_motion(60)
    fast = replace(waving_motion(119), fps=slow.fps * 2)
    view = static_camera()
    solution = [solve(m.skeleton, in_camera(m, view), simulated_targets(m, view), SolveOptions()) for m in (slow, fast)]
    distance = np.linalg.norm(joints(slow, solution[0]) - joints(fast, solution[1])[::2], axis=-1)
    assert distance.max() < 0.01


def test_feet_in_contact_do_not_slide_and_are_on_the_floor() -> None:
    motion, view = waving_motion(90), static_camera(pitch=0.1)
    targets = simulated_targets(motion, view, noise=1.0)
    start = in_camera(motion, view)
    solution, unconstrained = (
        solve(motion.skeleton, start, one) for one in (targets, replace(targets, contacts=np.zeros((90, 4)), up=None))
    )
    slides = []
    for state in (solution, unconstrained):
        soles = pose_skeleton(motion.skeleton, state.rotations, state.root, (30, 32)).landmarks
        slides.append(np.linalg.norm(np.diff(soles, axis=0), axis=-1).mean())
    assert slides[0] < 0.5 * slides[1]
    soles = pose_skeleton(motion.skeleton, solution.rotations, solution.root, (30, 32)).landmarks
    assert targets.up is not None
    assert np.abs(soles @ targets.up + targets.origin_height[:, None]).max() < 0.01


def test_hips_follow_the_acceleration_that_contacts_explain_where_it_is_known() -> None:
    motion, view = waving_motion(60), static_camera()
    start, targets = in_camera(motion, view), simulated_targets(motion, view, noise=1.0)
    explained = np.gradient(np.gradient(start.root, axis=0), axis=0) * targets.fps**2
    explained[30:] = np.nan
    errors = []
    for values in (explained, np.full_like(explained, np.nan)):
        solution = solve(motion.skeleton, start, replace(targets, explained_acceleration=values))
        acceleration = np.diff(solution.root, n=2, axis=0) * targets.fps**2
        errors.append(np.linalg.norm(acceleration[2:26] - explained[3:27], axis=1).mean())
    assert errors[0] < 0.5 * errors[1]


def test_an_unexplained_acceleration_does_not_overrule_the_image() -> None:
    """The term is robust: a person who holds on to something moves as the image shows."""
    motion, view = waving_motion(60), static_camera()
    start, targets = in_camera(motion, view), simulated_targets(motion, view)
    wrong = replace(targets, explained_acceleration=np.full((60, 3), 9.81))
    solutions = [solve(motion.skeleton, start, one) for one in (targets, wrong)]
    assert np.linalg.norm(solutions[0].root - solutions[1].root, axis=1).max() < 0.02


def test_knees_in_contact_do_not_slide() -> None:
    motion, view = waving_motion(60), static_camera()
    targets = replace(simulated_targets(motion, view, noise=1.0), contacts=np.zeros((60, 4)), up=None)
    start = in_camera(motion, view)
    knees = np.isin(SUPPORT_LANDMARKS, [FIT_LANDMARKS.index(25), FIT_LANDMARKS.index(26)])
    slides = []
    for support_contacts in (knees, np.zeros(len(SUPPORT_LANDMARKS))):
        knee_targets = replace(
            targets, support_contacts=np.tile(np.asarray(support_contacts, dtype=np.float64), (60, 1))
        )
        state = solve(motion.skeleton, start, knee_targets)
        knee_positions = pose_skeleton(motion.skeleton, state.rotations, state.root, (25, 26)).landmarks
        slides.append(np.linalg.norm(np.diff(knee_positions, axis=0), axis=-1).mean())
    assert slides[0] < 0.5 * slides[1]


def test_knees_rotate_mainly_about_their_hinges() -> None:
    motion, view = waving_motion(60), static_camera()
    knees = [motion.skeleton.index(f"{side}LowerLeg") for side in ("left", "right")]
    rotations = motion.rotations.copy()
    rotations[:, knees] = rotation.from_rotvec(np.array([[0.8, 0.0, 0.0], [0.5, 0.0, 0.0]]))
    motion = replace(motion, rotations=rotations)
    targets, start = simulated_targets(motion, view, noise=1.0), in_camera(motion, view)
    errors = []
    for sigma in (NoiseModel().off_hinge_sigma, NoiseModel().rotation_sigma):
        solution = solve(motion.skeleton, start, targets, SolveOptions(noise_model=NoiseModel(off_hinge_sigma=sigma)))
        rotvecs = rotation.to_rotvec(rotation.from_matrix(solution.rotations[:, knees]))
        errors.append(float(np.abs(rotvecs[..., 1:]).mean()))
    assert errors[0] < 0.5 * errors[1]


def test_cost_of_a_twisted_elbow_depends_on_the_hinge_sigma_and_that_of_a_bent_one_does_not() -> None:
    motion, view = waving_motion(10), static_camera()
    targets, state = simulated_targets(motion, view), in_camera(motion, view)
    costs = []
    for axis in ([0.1, 0.0, 0.0], [0.0, 0.1, 0.0]):
        rotations = state.rotations.copy()
        rotations[:, motion.skeleton.index("leftLowerArm")] @= exponential(np.array(axis))
        rotated = State(rotations, state.root)
        tight, loose = (
            linearize(motion.skeleton, rotated, targets, replace(NoiseModel(), off_hinge_sigma=sigma)).cost
            for sigma in (0.1, NoiseModel().rotation_sigma)
        )
        costs.append(tight - loose)
    sample_weight = NoiseModel().effective_sample_rate_hz / targets.fps
    expected = 0.5 * sample_weight * 10 * 0.1**2 * (0.1**-2 - NoiseModel().rotation_sigma ** -2)
    np.testing.assert_allclose(costs, [expected, 0.0], rtol=1e-6, atol=1e-9)


def test_a_fall_faster_than_the_lifter_velocity_follows_the_image() -> None:
    standing = waving_motion(60)
    seconds = np.clip(np.arange(60) / float(standing.fps) - 0.5, 0.0, 0.6)
    fall = np.stack([0 * seconds, 1.8 - 4.9 * seconds**2, 0 * seconds], axis=1)
    motion = replace(standing, root_position=standing.root_position + fall)
    ground_truth = in_camera(motion, static_camera())
    targets = simulated_targets(motion, static_camera())
    biased_targets = replace(targets, root_velocity=0.2 * targets.root_velocity, contacts=np.zeros((60, 4)))
    errors = {
        outlier: np.linalg.norm(
            solve(
                motion.skeleton,
                ground_truth,
                biased_targets,
                SolveOptions(noise_model=NoiseModel(root_velocity_outlier=outlier)),
            ).root
            - ground_truth.root,
            axis=-1,
        ).max()
        for outlier in (NoiseModel().root_velocity_outlier, 1e3)
    }
    assert errors[NoiseModel().root_velocity_outlier] < 0.15
    assert errors[NoiseModel().root_velocity_outlier] < 0.7 * errors[1e3]
