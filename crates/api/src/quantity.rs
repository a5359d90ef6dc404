//! Resource quantities: parsing, canonical text, comparison, arithmetic (W21).
