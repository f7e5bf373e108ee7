"""One notation of formulas: its structure, and how each output format spells it.

    CODE       as typed in Python:        1 - out**2     (`code`, which also omits long formulas)
    UNICODE    mathematics on one line:   1 - out²       (`plain`)
    ASCII      the same for any terminal: 1 - out^2      (`plain`)
    LATEX      1 - {\\mathrm{out}}^{2}                    (`latex`)
    MATHML     elements for a browser                    (`mathml`)
"""
