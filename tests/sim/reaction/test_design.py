"""The linear part: averages, with regulation of unknown shape taken out of them."""

import numpy as np
import pytest

from sim.networks.substrates import unit_rates
from sim.reaction.design import Structure, designed, gram, residual, solve_linear
from sim.reaction.samples import Samples, curve, line
from tests.sim.reaction.trajectories import Recording, record

EXACT, NOISY = record(seed=1), record(seed=1, noise=0.01)


def unit(recording: Recording, samples: Samples) -> np.ndarray:
    return unit_rates(samples.concentration, recording.network.stoichiometry)


@pytest.mark.parametrize("nuisance", [line, curve])
@pytest.mark.parametrize("recording", [EXACT, NOISY], ids=["exact", "noisy"])
def test_the_nuisance_is_orthonormal_and_gone_from_what_is_fitted(recording, nuisance):
    samples = recording.measured.samples(nuisance=nuisance)
    product = np.einsum("fsm,gsm->mfg", samples.nuisance, samples.nuisance)
    size = np.einsum("mff->mf", product)
    assert (np.isclose(size, 1) | (size == 0)).all()
    assert (size[:, :2] > 0.5).all()
    np.testing.assert_allclose(product, np.eye(size.shape[1]) * size[:, :, None], atol=1e-9)
    scale = np.linalg.norm(samples.rate, axis=0)
    along = np.einsum("fsm,sm->fm", samples.nuisance, samples.rate)
    assert (np.abs(along) < 1e-9 * scale).all()


def test_what_is_a_line_is_taken_out_of_a_metabolite_and_what_is_none_stays():
    samples = NOISY.measured.samples()
    everyone = np.arange(20)
    affine = samples.weight * samples.averaged(3.0 - 0.7 * samples.concentration)
    left = samples.project(affine.copy(), everyone)
    assert np.linalg.norm(left) < 1e-9 * np.linalg.norm(affine)
    bent = samples.weight * samples.averaged(samples.concentration**2)
    assert (np.linalg.norm(samples.project(bent.copy(), everyone), axis=0) > 0).all()


def test_a_curve_takes_out_a_saturating_regulation_and_a_line_does_not():
    recording = record(seed=42, regulation="saturating", n_frames=1200)
    truth, net = recording.network.truth, recording.network.stoichiometry
    left = {}
    for nuisance in (line, curve):
        samples = recording.measured.samples(nuisance=nuisance)
        design = designed(samples, Structure(net), unit(recording, samples))
        rest = residual(samples, Structure(net), design, truth.rate_constants)
        response = samples.weight * truth.response(samples.concentration)
        left[nuisance] = np.linalg.norm(rest, axis=0) / np.linalg.norm(response, axis=0)
    assert np.median(left[line]) > 0.05
    assert np.median(left[curve]) < 0.02
    assert np.median(left[line] / left[curve]) > 10


@pytest.mark.parametrize("recording", [EXACT, NOISY], ids=["exact", "noisy"])
def test_the_design_is_that_of_a_plain_loop(recording):
    samples = recording.measured.samples()
    stoichiometry = recording.network.stoichiometry
    structure, rates = Structure(stoichiometry), unit(recording, samples)
    design = designed(samples, structure, rates)
    normal, target = gram(samples, structure, design)
    averages = samples.windows.toarray()
    expected, pull = np.zeros_like(normal), np.zeros_like(target)
    for metabolite in range(stoichiometry.n_metabolites):
        weight = samples.weight[:, metabolite]
        functions = np.stack([weight, weight * (averages @ samples.concentration[:, metabolite])], axis=1)
        change = weight * (averages @ samples.derivative[:, metabolite])
        columns = {}
        for reaction in np.flatnonzero(stoichiometry.net[metabolite]):
            column = weight * (averages @ rates[:, reaction]) * stoichiometry.net[metabolite, reaction]
            columns[reaction] = column - functions @ np.linalg.lstsq(functions, column, rcond=None)[0]
            entry = np.flatnonzero((structure.row == metabolite) & (structure.column == reaction))
            np.testing.assert_allclose(
                design[:, entry[0]], columns[reaction], atol=1e-8 * np.linalg.norm(column)
            )
        for one, left in columns.items():
            pull[one] += left @ change
            for other, right in columns.items():
                expected[one, other] += left @ right
    np.testing.assert_allclose(normal, expected, rtol=1e-6, atol=1e-8 * expected.max())
    np.testing.assert_allclose(target, pull, rtol=1e-6, atol=1e-8 * np.abs(pull).max())


def test_with_the_true_responses_least_squares_gives_the_true_constants():
    recording = record(seed=2)
    samples = recording.measured.samples()
    fit = solve_linear(samples, Structure(recording.network.stoichiometry), unit(recording, samples))
    np.testing.assert_allclose(fit.rate_constants, recording.network.truth.rate_constants, rtol=1e-4)
    assert fit.cost < 1e-12 * (samples.rate**2).sum()
