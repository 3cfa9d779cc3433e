"""Project 5: which reduction of the neighbours answers which question about a graph?

Baseline: the best constant answer. First measurement: the errors of four reductions on two of
the six questions of notebook 08. Write down your prediction before you run it.
"""

from lcm_core import fit

QUESTIONS = ("distance", "spectral radius")  # the table of section 3: minimum, and sum
REDUCTIONS = ("sum", "min", "mean", "symmetrized_gru")
RECIPE = (
    "task=graph_properties readout=set2set channels=16 batch_size=16 learning_rate=0.01 "
    "steps=120 eval_every=120 eval_splits=none seed=0"
)


# A score is log10 of the mean squared error: lower is better, and 1 less is a tenth of the error.
print(f"{'log10 MSE':17}" + "".join(f"{question:>17}" for question in QUESTIONS) + "   seconds")
for reduction in REDUCTIONS:
    result = fit(f"{RECIPE} neighbors={reduction}")
    scores = result.trainer.scores("validation")
    row = "".join(f"{scores[f'validation: {question}']:17.2f}" for question in QUESTIONS)
    # Equal steps are not equal time: look here, and then give each reduction the same time.
    seconds = sum(record.seconds for record in result.records)
    print(f"{reduction:17}{row}{seconds:10.1f}", flush=True)
constants = result.trainer.task.baseline_parts("validation")
print(f"{'best constant':17}" + "".join(f"{constants[question]:17.2f}" for question in QUESTIONS))
