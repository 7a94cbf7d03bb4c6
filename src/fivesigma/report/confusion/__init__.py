"""How well each labelling can be learnt."""
