"""Calibration of a person's body: lengths of segments and places of markers, together with the poses of some frames.

All are fitted at once by Gauss-Newton. The poses, which are independent given the body, are eliminated frame by frame
(Schur complement).
"""

from dataclasses import replace

import numpy as np

from bodydouble.data import FloatArray
from mocap.marker_body import ABOVE, SCALE_SIGMA, SCALED, SEGMENTS, TEMPLATE_OFFSETS, MarkerBody, expected_body
from mocap.marker_fit import Linearization, Poses, fit_poses
from mocap.marker_start import estimate_poses

FRAMES = 240
"""Number of frames for the calibration."""
EFFECTIVE_FRAMES = 25.0
"""Number of frames whose errors are independent; skin moves in the same way again and again."""
ROUNDS = 6
"""Number of Gauss-Newton steps."""
DAMPING = 1e-4
TEMPLATE_C7 = 1.48
"""Height in m of C7's marker on the template in shoes."""


def estimate_body(labels: tuple[str, ...], markers: FloatArray) -> MarkerBody:
    """Estimates the size of a person by the height of C7 in frames (T, M, 3), standing in some of them."""
    size = float(np.nanpercentile(markers[:, labels.index("C7"), 1], 95)) / TEMPLATE_C7
    width = np.linalg.norm(markers[:, labels.index("LASI")] - markers[:, labels.index("RASI")], axis=-1)
    return expected_body(labels, size, float(np.nanmedian(width)))


def choose_frames(markers: FloatArray) -> FloatArray:
    """Chooses FRAMES of the frames (T, M, 3) with the most markers, spread over time."""
    seen = np.isfinite(markers[..., 0]).sum(axis=1)
    complete = np.flatnonzero(seen >= np.percentile(seen, 60))
    return markers[complete[np.linspace(0, len(complete) - 1, min(FRAMES, len(complete))).astype(int)]]


def calibrate_body(labels: tuple[str, ...], markers: FloatArray) -> MarkerBody:
    """Fits the body of a person to frames (T, M, 3) m, +Y up; NaN where not seen."""
    body = estimate_body(labels, markers)
    frames = choose_frames(markers)
    poses, _ = fit_poses(body, estimate_poses(body, frames), frames, 25)
    for _ in range(ROUNDS):
        body, poses = _improve(body, poses, frames)
        poses, _ = fit_poses(body, poses, frames, 2)
    return body


def _improve(body: MarkerBody, poses: Poses, markers: FloatArray) -> tuple[MarkerBody, Poses]:
    """Takes one step of body and poses."""
    at = Linearization.at(body, poses, markers)
    influence = EFFECTIVE_FRAMES / len(markers)
    by_pose = at.dense_jacobian(body)
    by_body = _body_jacobian(body, at)
    weighted = by_body * at.weights[..., None, None]
    count = by_body.shape[-1]
    flat = by_pose.reshape(len(markers), -1, by_pose.shape[-1])
    mixed = np.swapaxes(flat, -1, -2) @ weighted.reshape(len(markers), -1, count)
    hessian = at.hessian.copy()
    np.einsum("tii->ti", hessian)[:] *= 1 + DAMPING
    np.einsum("tii->ti", hessian)[:] += 1e-6
    eliminated = np.linalg.solve(hessian, np.concatenate([mixed, at.gradient[..., None]], axis=-1))
    matrix = weighted.reshape(-1, count).T @ by_body.reshape(-1, count)
    matrix -= mixed.reshape(-1, count).T @ eliminated[..., :-1].reshape(-1, count)
    slope = weighted.reshape(-1, count).T @ at.residuals.ravel()
    slope -= mixed.reshape(-1, count).T @ eliminated[..., -1].ravel()
    sigma = np.concatenate([body.mean_scales * SCALE_SIGMA, body.offset_sigma.ravel()])
    offset = np.concatenate([body.scales - body.mean_scales, (body.offsets - body.mean_offsets).ravel()])
    change = -np.linalg.solve(influence * matrix + np.diag(sigma**-2), influence * slope + offset / sigma**2)
    steps = -eliminated[..., -1] - eliminated[..., :-1] @ change
    changed = replace(
        body,
        scales=body.scales + change[: len(SEGMENTS)],
        offsets=body.offsets + change[len(SEGMENTS) :].reshape(-1, 3),
    )
    return changed, poses.step(np.clip(steps, -0.3, 0.3))


def _body_jacobian(body: MarkerBody, at: Linearization) -> FloatArray:
    """Returns the derivatives (T, M, 3, S + 3 M) of the markers with respect to scales and offsets."""
    frames, count = len(at.joints), len(body.labels)
    parents = np.maximum(np.array(body.build_skeleton().parents), 0)
    per_joint = np.einsum("tjik,jk->tji", at.world[:, parents], TEMPLATE_OFFSETS)
    per_joint[:, 0] = 0.0
    chain = ABOVE[:, body.carriers]
    by_scale = np.einsum("sjm,tji->tmis", SCALED[..., None] * chain, per_joint, optimize=True)
    by_offset = np.zeros((frames, count, 3, count, 3))
    by_offset[:, np.arange(count), :, np.arange(count)] = np.moveaxis(at.world[:, body.carriers], 1, 0)
    return np.concatenate([by_scale, by_offset.reshape(frames, count, 3, -1)], axis=-1)
