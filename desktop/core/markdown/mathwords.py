"""Short TeX as ordinary characters: x² + α ≤ ½ reads better in a line than its source, can be selected and is spoken.

What cannot be said in characters stays TeX: nothing is ever left out.
"""

from __future__ import annotations

import re

_GREEK = """
alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ
pi π rho ρ sigma σ tau τ upsilon υ phi φ varphi φ chi χ psi ψ omega ω
Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Phi Φ Psi Ψ Omega Ω
"""
_OTHERS = """
times × cdot · div ÷ pm ± mp ∓ le ≤ leq ≤ ge ≥ geq ≥ ne ≠ neq ≠ approx ≈ equiv ≡ sim ∼ propto ∝ infty ∞ partial ∂
nabla ∇ in ∈ notin ∉ subset ⊂ subseteq ⊆ cup ∪ cap ∩ emptyset ∅ forall ∀ exists ∃ neg ¬ land ∧ lor ∨ to → rightarrow →
leftarrow ← Rightarrow ⇒ Leftrightarrow ⇔ mapsto ↦ sum ∑ prod ∏ int ∫ ldots … cdots ⋯ dots … circ ∘ ell ℓ hbar ℏ
prime ′ langle ⟨ rangle ⟩ mid | log log ln ln sin sin cos cos tan tan exp exp lim lim min min max max det det
"""
_PAIRS = f"{_GREEK} {_OTHERS}".split()
_SIGNS = dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True))
_UP = str.maketrans("0123456789+-=()nijabcdefghklmoprstuvwxyz", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱʲᵃᵇᶜᵈᵉᶠᵍʰᵏˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻ")
_DOWN = str.maketrans("0123456789+-=()aeijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
_COMMAND = re.compile(r"\\([A-Za-z]+)[ ]?|\\([,;:! ])|\\([{}%$&#_|])")
_SCRIPT = re.compile(r"([\^_])(?:\{([^{}\\^_]*)\}|([^\s{}\\^_]))")
_TEXT = re.compile(r"\\(?:text|mathrm|operatorname|mathbf|mathit)\{([^{}\\]*)\}")
_ROOT = re.compile(r"\\sqrt\{([^{}\\^_]{1,12})\}")
_PART = re.compile(r"\\[td]?frac\{([^{}\\]{1,12})\}\{([^{}\\]{1,12})\}")


def as_words(tex: str) -> str:
    """The formula in characters, or the TeX itself."""
    if len(tex) > 200:
        return tex
    text = _TEXT.sub(r"\1", tex)
    text = re.sub(r"\\(?:left|right)(?=[()\[\]|.])", "", text)
    text = _COMMAND.sub(_sign, text)
    text = _ROOT.sub(lambda m: f"√{m[1]}" if len(m[1]) == 1 else f"√({m[1]})", text)
    text = _PART.sub(lambda m: f"{_grouped(m[1])}/{_grouped(m[2])}", text)
    text = _SCRIPT.sub(_script, text)
    if any(mark in text for mark in "\\^_{}&"):
        return tex
    return " ".join(text.split())


def _sign(found: re.Match[str]) -> str:
    if found[2]:
        return " " if found[2] != "!" else ""
    if found[3]:
        return found[3] if found[3] in "%$#|" else found[0]
    sign = _SIGNS.get(found[1])
    if sign is None:
        return found[0]
    letter = len(sign) == 1 and sign.isalpha()
    return sign if letter or not (found[0].endswith(" ") or len(sign) > 1) else f"{sign} "


def _script(found: re.Match[str]) -> str:
    text = found[2] if found[2] is not None else found[3]
    table = _UP if found[1] == "^" else _DOWN
    if text in ("′", "∘", "°"):
        return "°" if text == "∘" else text
    return text.translate(table) if text and all(ord(char) in table for char in text) else found[0]


def _grouped(text: str) -> str:
    return text if text.strip().isalnum() else f"({text})"
