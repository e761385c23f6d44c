"""What-if: what would lose its basis when a zaak ended, a deelnemer left or the rules changed?"""

from broker.services.effect.calculate import Task, calculate
from broker.services.effect.change import Change, Ending, Leaving, OtherRules
from broker.services.effect.outcome import Effect, Effecten, Groep, Soort

__all__ = [
    "Change",
    "Effect",
    "Effecten",
    "Ending",
    "Groep",
    "Leaving",
    "OtherRules",
    "Soort",
    "Task",
    "calculate",
]
