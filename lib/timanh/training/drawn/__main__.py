"""Makes the demo checkpoint: python -m timanh.training.drawn FOLDER.

A run that was stopped goes on where it was. The model is then in FOLDER/model, from where
`python -m timanh.models.shipping FOLDER/model` puts it into the package.
"""

from timanh.training.drawn.loop import Plan, Run
from timanh.training.run_folder import run_in_folder

if __name__ == "__main__":
    run_in_folder(lambda folder: Run(Plan(), folder).go())
