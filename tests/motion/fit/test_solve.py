"""Laws of the fit over the whole clip, on a motion that is known."""

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
    turns = rotation.to_matrix(motion.rotations)
    turns[:, 0] = view[:3, :3] @ turns[:, 0]
    return State(turns, camera.transform(view, motion.root_position))


def evidence_of(motion: Motion, view: FloatArray, noise: float = 0.0) -> FitTargets:
    """What a perfect lifter would say; noise is relative to the standard deviations."""
    state = in_camera(motion, view)
    where = pose_skeleton(motion.skeleton, state.rotations, state.root, FIT_LANDMARKS).landmarks
    frames, count = where.shape[:2]
    hips = where[:, [FIT_LANDMARKS.index(23), FIT_LANDMARKS.index(24)]].mean(axis=1)
    sight = rotation.normalize(hips)
    sigma = 0.004
    points = where[..., :2] / where[..., 2:] + noise * sigma * RNG.normal(size=(frames, count, 2))
    return FitTargets(
        fps=float(motion.fps),
        camera_from_reference=np.broadcast_to(np.eye(4)[:3], (frames, 3, 4)),
        points=points,
        points_sigma=np.full((frames, count), sigma),
        view_ray=sight,
        depths=np.einsum("tli,ti->tl", where - hips[:, None], sight) + noise * 0.05 * RNG.normal(size=(frames, count)),
        depths_sigma=np.full((frames, count), 0.05),
        rotations=state.rotations,
        root_velocity=np.gradient(state.root, axis=0) * float(motion.fps) if frames > 1 else np.zeros((1, 3)),
        contacts=np.tile([0.0, 0.0, 1.0, 1.0], (frames, 1)),
        support_contacts=np.zeros((frames, len(SUPPORT_LANDMARKS))),
        airborne=np.zeros(frames),
        origin_height=np.full(frames, camera.inverse(view)[1, 3]),
        up=view[:3, 1],
    )


def joints(motion: Motion, state: State) -> FloatArray:
    return kinematics.forward_kinematics(motion.skeleton, rotation.from_matrix(state.rotations), state.root)[0]


def perturbed(state: State, degrees: float) -> State:
    """Every joint turned by that much about a random axis, and the hips 0.3 m off."""
    axes = rotation.normalize(RNG.normal(size=(*state.rotations.shape[:2], 3)))
    return State(state.rotations @ exponential(np.radians(degrees) * axes), state.root + RNG.normal(0, 0.3, 3))


def test_gradient_agrees_with_finite_differences() -> None:
    motion = waving_motion(5)
    evidence = evidence_of(motion, static_camera(pitch=0.2), noise=2.0)
    turned = exponential(RNG.normal(0, 0.1, (5, 3)))
    view = np.concatenate([turned, RNG.normal(0, 0.1, (5, 3, 1))], axis=-1)
    evidence = replace(evidence, camera_from_reference=view, contacts=RNG.random((5, 4)), airborne=RNG.random(5))
    # A robust loss is followed with its weights held fixed, so that only the plain one has this gradient.
    weights = NoiseModel(landmark_outlier=1e9, contact_outlier=1e9)
    state = perturbed(in_camera(motion, static_camera(pitch=0.2)), 20.0)
    equations = linearize(motion.skeleton, state, evidence, weights).normal_equations()
    tiny = 1e-6
    for frame in range(5):
        for unknown in range(0, DOF, 4):
            step = np.zeros((5, DOF))
            step[frame, unknown] = tiny
            ahead, behind = (
                linearize(motion.skeleton, retract(state, s), evidence, weights).cost for s in (step, -step)
            )
            expected = (ahead - behind) / (2 * tiny)
            assert equations.gradient[frame, unknown] == pytest.approx(expected, rel=1e-4, abs=0.02)


def whole_matrix(equations: NormalEquations) -> FloatArray:
    """(T N, T N) of all frames."""
    frames, unknowns = equations.gradient.shape
    groups, group = equations.off_diagonal_2.shape[1:3]
    whole = np.zeros((frames, unknowns, frames, unknowns))
    for t in range(frames):
        whole[t, :, t] = equations.diagonal[t] + np.triu(equations.diagonal[t], 1).T
    for t in range(frames - 1):
        whole[t, :, t + 1] = equations.off_diagonal_1[t]
        whole[t + 1, :, t] = equations.off_diagonal_1[t].T
    for t in range(frames - 2):
        for g in range(groups):
            span = slice(g * group, (g + 1) * group)
            whole[t, span, t + 2, span] = equations.off_diagonal_2[t, g]
            whole[t + 2, span, t, span] = equations.off_diagonal_2[t, g].T
    return whole.reshape(frames * unknowns, -1)


def test_normal_equations_are_the_second_derivatives_where_everything_fits() -> None:
    frames = 4
    motion, view = waving_motion(frames), static_camera(pitch=0.2)
    still = np.broadcast_to(waving_motion(60).rotations[20], motion.rotations.shape)
    motion = replace(motion, rotations=still)
    evidence = replace(evidence_of(motion, view), contacts=RNG.random((frames, 4)), up=None)
    state = in_camera(motion, view)
    equations = linearize(motion.skeleton, state, evidence, NoiseModel()).normal_equations()
    whole = whole_matrix(equations)
    assert np.abs(equations.gradient).max() < 1e-9
    tiny = 1e-6
    for unknown in range(DOF):
        step = np.zeros((frames, DOF))
        step[1, unknown] = tiny
        ahead, behind = (
            linearize(motion.skeleton, retract(state, s), evidence, NoiseModel()).normal_equations().gradient
            for s in (step, -step)
        )
        expected = ((ahead - behind) / (2 * tiny)).ravel()
        np.testing.assert_allclose(whole[:, DOF + unknown], expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def random_equations(frames: int, groups: int, group: int) -> tuple[NormalEquations, FloatArray]:
    """Equations, and their whole matrix (T N, T N)."""
    unknowns = groups * group
    whole = np.zeros((frames, unknowns, frames, unknowns))
    far = np.zeros((max(frames - 2, 0), groups, group, group))
    for start in range(frames - 1):
        rows = RNG.normal(size=(20, 2 * unknowns))
        whole[start : start + 2, :, start : start + 2] += (rows.T @ rows).reshape(2, unknowns, 2, unknowns)
    for start, g in np.ndindex(*far.shape[:2]):
        rows = RNG.normal(size=(20, 3 * group))
        product = (rows.T @ rows).reshape(3, group, 3, group)
        span = slice(g * group, (g + 1) * group)
        whole[start : start + 3, span, start : start + 3, span] += product
        far[start, g] = product[0, :, 2]
    own = np.array([np.triu(whole[t, :, t]) for t in range(frames)])
    near = np.array([whole[t, :, t + 1] for t in range(frames - 1)])
    equations = NormalEquations(own, near, far, RNG.normal(size=(frames, unknowns)))
    return equations, whole.reshape(frames * unknowns, -1)


@pytest.mark.parametrize("frames", [2, 3, 6])
@pytest.mark.parametrize("group", [1, 3])
def test_banded_step_solves_the_whole_system(frames: int, group: int) -> None:
    equations, whole = random_equations(frames, 2, group)
    expected = np.linalg.solve(whole + 0.1 * np.diag(np.diag(whole)), -equations.gradient.ravel())
    np.testing.assert_allclose(equations.solve_step(0.1).ravel(), expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("yaw", [0.0, 1.2])
def test_fit_finds_the_motion_from_a_start_30_degrees_off(yaw: float) -> None:
    motion, view = waving_motion(90), static_camera(yaw=yaw, pitch=0.2)
    truth = in_camera(motion, view)
    evidence = evidence_of(motion, view)
    start = perturbed(truth, 30.0)
    # What the lifter believes about joints is off as well, so that points and depths must do the work.
    evidence = replace(evidence, rotations=start.rotations)
    weights = replace(NoiseModel(), rotation_sigma=3.0)
    found = solve(motion.skeleton, start, evidence, SolveOptions(weights, max_steps=30))
    error = np.linalg.norm(joints(motion, found) - joints(motion, truth), axis=-1)
    assert error.mean() < 0.012
    assert np.linalg.norm(joints(motion, start) - joints(motion, truth), axis=-1).mean() > 0.2


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_the_shortest_clips_are_fitted(frames: int) -> None:
    motion, view = waving_motion(frames), static_camera()
    truth = in_camera(motion, view)
    start = perturbed(truth, 15.0)
    found = solve(motion.skeleton, start, evidence_of(motion, view))
    before, after = (np.linalg.norm(joints(motion, s) - joints(motion, truth), axis=-1) for s in (start, found))
    assert after.mean() < 0.1 * before.mean()


def test_windows_meet_without_a_seam() -> None:
    motion, view = waving_motion(240), static_camera(pitch=0.1)
    evidence = evidence_of(motion, view, noise=1.0)
    start = in_camera(motion, view)
    whole, windowed = (
        solve(motion.skeleton, start, evidence, SolveOptions(window_frames=window, max_steps=12))
        for window in (240, 60)
    )
    assert np.linalg.norm(joints(motion, whole) - joints(motion, windowed), axis=-1).max() < 0.001


def test_twice_the_rate_gives_the_same_motion() -> None:
    slow = waving_motion(60)
    fast = replace(waving_motion(119), fps=slow.fps * 2)
    view = static_camera()
    found = [solve(m.skeleton, in_camera(m, view), evidence_of(m, view), SolveOptions()) for m in (slow, fast)]
    distance = np.linalg.norm(joints(slow, found[0]) - joints(fast, found[1])[::2], axis=-1)
    assert distance.max() < 0.01


def test_resting_feet_stay_and_stand_on_the_floor() -> None:
    motion, view = waving_motion(90), static_camera(pitch=0.1)
    evidence = evidence_of(motion, view, noise=1.0)
    start = in_camera(motion, view)
    found, loose = (
        solve(motion.skeleton, start, one) for one in (evidence, replace(evidence, contacts=np.zeros((90, 4)), up=None))
    )
    slides = []
    for state in (found, loose):
        soles = pose_skeleton(motion.skeleton, state.rotations, state.root, (30, 32)).landmarks
        slides.append(np.linalg.norm(np.diff(soles, axis=0), axis=-1).mean())
    assert slides[0] < 0.5 * slides[1]
    soles = pose_skeleton(motion.skeleton, found.rotations, found.root, (30, 32)).landmarks
    assert evidence.up is not None
    assert np.abs(soles @ evidence.up + evidence.origin_height[:, None]).max() < 0.01


def test_knees_that_bear_somebody_stay() -> None:
    motion, view = waving_motion(60), static_camera()
    evidence = replace(evidence_of(motion, view, noise=1.0), contacts=np.zeros((60, 4)), up=None)
    start = in_camera(motion, view)
    knees = np.isin(SUPPORT_LANDMARKS, [FIT_LANDMARKS.index(25), FIT_LANDMARKS.index(26)])
    slides = []
    for bearing in (knees, np.zeros(len(SUPPORT_LANDMARKS))):
        held = replace(evidence, support_contacts=np.tile(np.asarray(bearing, dtype=np.float64), (60, 1)))
        state = solve(motion.skeleton, start, held)
        places = pose_skeleton(motion.skeleton, state.rotations, state.root, (25, 26)).landmarks
        slides.append(np.linalg.norm(np.diff(places, axis=0), axis=-1).mean())
    assert slides[0] < 0.5 * slides[1]


def test_knees_hardly_turn_but_about_their_hinges() -> None:
    motion, view = waving_motion(60), static_camera()
    knees = [motion.skeleton.index(f"{side}LowerLeg") for side in ("left", "right")]
    turns = motion.rotations.copy()
    turns[:, knees] = rotation.from_rotvec(np.array([[0.8, 0.0, 0.0], [0.5, 0.0, 0.0]]))
    motion = replace(motion, rotations=turns)
    evidence, start = evidence_of(motion, view, noise=1.0), in_camera(motion, view)
    off = []
    for sigma in (NoiseModel().off_hinge_sigma, NoiseModel().rotation_sigma):
        found = solve(motion.skeleton, start, evidence, SolveOptions(noise_model=NoiseModel(off_hinge_sigma=sigma)))
        own = rotation.to_rotvec(rotation.from_matrix(found.rotations[:, knees]))
        off.append(float(np.abs(own[..., 1:]).mean()))
    assert off[0] < 0.5 * off[1]


def test_a_twisted_elbow_costs_more_the_tighter_its_hinge_and_a_bent_one_does_not() -> None:
    motion, view = waving_motion(10), static_camera()
    evidence, state = evidence_of(motion, view), in_camera(motion, view)
    costs = []
    for axis in ([0.1, 0.0, 0.0], [0.0, 0.1, 0.0]):
        turns = state.rotations.copy()
        turns[:, motion.skeleton.index("leftLowerArm")] @= exponential(np.array(axis))
        turned = State(turns, state.root)
        tight, loose = (
            linearize(motion.skeleton, turned, evidence, replace(NoiseModel(), off_hinge_sigma=sigma)).cost
            for sigma in (0.1, NoiseModel().rotation_sigma)
        )
        costs.append(tight - loose)
    share = NoiseModel().effective_sample_rate_hz / evidence.fps
    expected = 0.5 * share * 10 * 0.1**2 * (0.1**-2 - NoiseModel().rotation_sigma ** -2)
    np.testing.assert_allclose(costs, [expected, 0.0], rtol=1e-6, atol=1e-9)


def test_who_falls_faster_than_the_lifter_believes_falls_as_seen() -> None:
    standing = waving_motion(60)
    seconds = np.clip(np.arange(60) / float(standing.fps) - 0.5, 0.0, 0.6)
    fall = np.stack([0 * seconds, 1.8 - 4.9 * seconds**2, 0 * seconds], axis=1)
    motion = replace(standing, root_position=standing.root_position + fall)
    truth = in_camera(motion, static_camera())
    evidence = evidence_of(motion, static_camera())
    believed = replace(evidence, root_velocity=0.2 * evidence.root_velocity, contacts=np.zeros((60, 4)))
    off = {
        outlier: np.linalg.norm(
            solve(
                motion.skeleton, truth, believed, SolveOptions(noise_model=NoiseModel(root_velocity_outlier=outlier))
            ).root
            - truth.root,
            axis=-1,
        ).max()
        for outlier in (NoiseModel().root_velocity_outlier, 1e3)
    }
    assert off[NoiseModel().root_velocity_outlier] < 0.15
    assert off[NoiseModel().root_velocity_outlier] < 0.7 * off[1e3]
