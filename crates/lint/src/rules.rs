//! The rules by code and name; their long texts are the sections of `docs/lint.md`.

/// A rule. Codes and names are for ever: what is no longer looked at is not given to another one.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// `L101`
    pub code: &'static str,
    /// `service-missing`
    pub name: &'static str,
}

const PAGE: &str = include_str!("../../../docs/lint.md");

macro_rules! rules {
    ($($constant:ident $code:literal $name:literal;)*) => {
        $(pub static $constant: Rule = Rule { code: $code, name: $name };)*
        /// Every rule, by code.
        pub static RULES: &[&Rule] = &[$(&$constant),*];
    };
}

rules! {
    UNKNOWN_FIELD "L001" "unknown-field";
    WRONG_TYPE "L002" "wrong-type";
    UNKNOWN_KIND "L003" "unknown-kind";
    INVALID "L004" "invalid";
    REPEATED_KEY "L005" "repeated-key";
    SERVICE_MISSING "L101" "service-missing";
    SERVICE_NOT_HEADLESS "L102" "service-not-headless";
    SERVICE_SELECTS_OTHERWISE "L103" "service-selects-otherwise";
    NO_SERVICE_NAME "L104" "no-service-name";
    SELECTOR_MISMATCH "L105" "selector-mismatch";
    CLASS_UNKNOWN "L201" "storage-class-unknown";
    NO_DEFAULT_CLASS "L202" "no-default-storage-class";
    HOST_PATH "L203" "host-path";
    CLAIMS_LEFT "L204" "claims-left";
    CLAIMS_LOST "L205" "claims-lost";
    ACCESS_MODE "L206" "access-mode";
    NO_LIMITS "L301" "no-limits";
    MOVING_TAG "L302" "moving-tag";
    LIVENESS_ALONE "L303" "liveness-without-readiness";
    LIVENESS_EARLY "L304" "liveness-before-start";
    VARIABLE_LATER "L401" "variable-defined-later";
    VARIABLE_UNDEFINED "L402" "variable-undefined";
    NAME_AS_NUMBER "L403" "name-as-number";
    ZOOKEEPER_DROPPED "L404" "zookeeper-dropped";
    SECRET_MISSING "L501" "secret-missing";
    CONFIG_MAP_MISSING "L502" "config-map-missing";
    KEY_MISSING "L503" "key-missing";
    ACCOUNT_MISSING "L504" "service-account-missing";
    NO_BUDGET "L601" "no-disruption-budget";
    NOT_SPREAD "L602" "not-spread";
    TOO_FEW_NODES "L603" "too-few-nodes";
    BUDGET_BLOCKS "L604" "budget-blocks";
    PARTITION_ABOVE "L701" "partition-above";
    NO_GRACE "L702" "no-grace";
}

/// The rule of that code or name, in any case.
pub fn rule(word: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.code.eq_ignore_ascii_case(word) || rule.name.eq_ignore_ascii_case(word))
}

impl Rule {
    /// What, why, how to mend, and an example, as `docs/lint.md` has it.
    pub fn text(&self) -> &'static str {
        let head = format!("## {} {}\n", self.code, self.name);
        let text = PAGE.find(&head).map_or("", |at| &PAGE[at + head.len()..]);
        text[..text.find("\n## ").unwrap_or(text.len())].trim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_explained_and_nothing_else_is() {
        let heads: Vec<&str> = PAGE.lines().filter_map(|line| line.strip_prefix("## L")).collect();
        let rules: Vec<String> = RULES.iter().map(|rule| format!("{} {}", &rule.code[1..], rule.name)).collect();
        assert_eq!(heads, rules, "the page has the rules in order");
        for rule in RULES {
            let text = rule.text();
            assert!(text.contains("```yaml") && text.contains("**Mend**") && text.contains("**Why**"), "{}", rule.code);
        }
    }

    #[test]
    fn rules_are_found_by_code_and_by_name() {
        assert_eq!(rule("l101"), Some(&SERVICE_MISSING));
        assert_eq!(rule("Service-Missing"), Some(&SERVICE_MISSING));
        assert_eq!(rule("pod/web-0"), None);
    }
}
