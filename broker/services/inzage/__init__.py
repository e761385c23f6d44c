"""What a subject may see of the log, what must wait, and who decided that.

`verzoeken` is where to begin; `handelingen` reads the log, `uitstel` decides, `afschrift` and
`pagina` write what the subject reads.
"""

from broker.services.inzage.afschrift import Afschrift
from broker.services.inzage.handelingen import Handeling
from broker.services.inzage.verzoeken import Gezien, Inzage, Inzageverzoek, Verantwoording

__all__ = ["Afschrift", "Gezien", "Handeling", "Inzage", "Inzageverzoek", "Verantwoording"]
