//! Label and field selectors: parsing, matching, printing, and their error texts (S1, S2).
