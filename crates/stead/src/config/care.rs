//! The flags that say how the node looks after itself: when pods are evicted, and how they end with their machine. Named as a kubelet's, with its forms.

use clap::Args;
use std::time::Duration;
use stead_api::time::{go_duration, parse_go_duration};
use stead_node::eviction::thresholds::{self, Config, HARD, Lists, TRANSITION};
use stead_node::shutdown::logind::{self, ADDRESS};
use stead_node::shutdown::plan as shutdown;

#[derive(Debug, Clone, PartialEq, Args)]
pub struct CareArgs {
    /// When pods are evicted from this machine: SIGNAL<LIMIT, comma separated, as a kubelet's --eviction-hard; empty: never for want of room
    #[arg(help_heading = "Nodes", long, env = "STEAD_EVICTION_HARD", value_name = "LIST", default_value = HARD, value_parser = thresholds_list)]
    pub eviction_hard: String,
    /// When pods are evicted if it lasts as long as --eviction-soft-grace-period says: SIGNAL<LIMIT, comma separated
    #[arg(help_heading = "Nodes", long, env = "STEAD_EVICTION_SOFT", value_name = "LIST", default_value = "", hide_default_value = true,
        value_parser = thresholds_list)]
    pub eviction_soft: String,
    /// How long each of --eviction-soft must be met: SIGNAL=DURATION, comma separated
    #[arg(help_heading = "Nodes", long, env = "STEAD_EVICTION_SOFT_GRACE_PERIOD", value_name = "LIST", default_value = "", hide_default_value = true,
        value_parser = grace_periods)]
    pub eviction_soft_grace_period: String,
    /// Most seconds that a pod evicted by --eviction-soft has to end; negative: its own
    #[arg(help_heading = "Nodes", long, env = "STEAD_EVICTION_MAX_POD_GRACE_PERIOD", value_name = "S", default_value_t = 0, allow_negative_numbers = true,
        value_parser = clap::value_parser!(i64).range(i64::from(i32::MIN)..=i64::from(i32::MAX)))]
    pub eviction_max_pod_grace_period: i64,
    /// How much more than the limit must be free again: SIGNAL=AMOUNT, comma separated
    #[arg(help_heading = "Nodes", long, env = "STEAD_EVICTION_MINIMUM_RECLAIM", value_name = "LIST", default_value = "", hide_default_value = true,
        value_parser = minimum_reclaims)]
    pub eviction_minimum_reclaim: String,
    /// How long the node says that it is under pressure after it was last so
    #[arg(help_heading = "Nodes", long, env = "STEAD_EVICTION_PRESSURE_TRANSITION_PERIOD", value_name = "D",
        default_value_t = GoDuration(TRANSITION), value_parser = duration)]
    pub eviction_pressure_transition_period: GoDuration,
    /// How long pods have to end when the machine shuts down; 0: they are left alone
    #[arg(help_heading = "Nodes", long, env = "STEAD_SHUTDOWN_GRACE_PERIOD", value_name = "D", default_value_t = GoDuration(Duration::ZERO),
        value_parser = duration)]
    pub shutdown_grace_period: GoDuration,
    /// How much of that is kept for critical pods, which end last
    #[arg(help_heading = "Nodes", long, env = "STEAD_SHUTDOWN_GRACE_PERIOD_CRITICAL_PODS", value_name = "D",
        default_value_t = GoDuration(Duration::ZERO), value_parser = duration)]
    pub shutdown_grace_period_critical_pods: GoDuration,
    /// Instead of these two, a period for the pods from each priority on, the lowest first: PRIORITY=DURATION, comma separated
    #[arg(help_heading = "Nodes", long, env = "STEAD_SHUTDOWN_GRACE_PERIOD_BY_POD_PRIORITY", value_name = "LIST", default_value = "",
        hide_default_value = true, value_parser = priorities)]
    pub shutdown_grace_period_by_pod_priority: String,
    /// Where the system's message bus listens, by which logind tells of shutdowns
    #[arg(help_heading = "Nodes", long, env = "DBUS_SYSTEM_BUS_ADDRESS", value_name = "A", default_value = ADDRESS, value_parser = bus_address)]
    pub system_bus_address: String,
}

/// A duration, written as Go does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoDuration(pub Duration);

impl std::fmt::Display for GoDuration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&go_duration(self.0))
    }
}

impl CareArgs {
    /// Every flag and its value.
    pub fn settings(&self) -> [(&'static str, Option<String>); 10] {
        let list = |text: &String| (!text.is_empty()).then(|| text.clone());
        [
            ("eviction-hard", Some(self.eviction_hard.clone())),
            ("eviction-soft", list(&self.eviction_soft)),
            ("eviction-soft-grace-period", list(&self.eviction_soft_grace_period)),
            ("eviction-max-pod-grace-period", Some(self.eviction_max_pod_grace_period.to_string())),
            ("eviction-minimum-reclaim", list(&self.eviction_minimum_reclaim)),
            ("eviction-pressure-transition-period", Some(self.eviction_pressure_transition_period.to_string())),
            ("shutdown-grace-period", Some(self.shutdown_grace_period.to_string())),
            ("shutdown-grace-period-critical-pods", Some(self.shutdown_grace_period_critical_pods.to_string())),
            ("shutdown-grace-period-by-pod-priority", list(&self.shutdown_grace_period_by_pod_priority)),
            ("system-bus-address", Some(self.system_bus_address.clone())),
        ]
    }

    /// What is wrong with values that are good one by one.
    pub fn contradiction(&self) -> Option<String> {
        self.eviction().err().map(|error| format!("--eviction-soft: {error}")).or_else(|| self.shutdown().err())
    }

    /// In which time pods end when the machine shuts down.
    pub fn shutdown(&self) -> Result<shutdown::Config, String> {
        let periods = shutdown::Config::of_periods(self.shutdown_grace_period.0, self.shutdown_grace_period_critical_pods.0)?;
        match self.shutdown_grace_period_by_pod_priority.as_str() {
            "" => Ok(periods),
            list if periods.is_off() => shutdown::Config::by_priority(list),
            _ => Err("--shutdown-grace-period-by-pod-priority and --shutdown-grace-period exclude each other".to_owned()),
        }
    }

    /// When pods are evicted.
    pub fn eviction(&self) -> Result<Config, String> {
        let lists = Lists {
            hard: &self.eviction_hard,
            soft: &self.eviction_soft,
            soft_grace: &self.eviction_soft_grace_period,
            minimum_reclaim: &self.eviction_minimum_reclaim,
        };
        let grace_s_max = Some(self.eviction_max_pod_grace_period).filter(|seconds| *seconds >= 0);
        Ok(Config { thresholds: lists.read()?, transition: self.eviction_pressure_transition_period.0, grace_s_max })
    }
}

fn thresholds_list(text: &str) -> Result<String, String> {
    thresholds::thresholds(text).map(|_| text.to_owned())
}

fn grace_periods(text: &str) -> Result<String, String> {
    thresholds::grace_periods(text).map(|_| text.to_owned())
}

fn minimum_reclaims(text: &str) -> Result<String, String> {
    thresholds::minimum_reclaims(text).map(|_| text.to_owned())
}

fn priorities(text: &str) -> Result<String, String> {
    shutdown::Config::by_priority(text).map(|_| text.to_owned())
}

fn bus_address(text: &str) -> Result<String, String> {
    logind::socket(text)
        .map(|_| text.to_owned())
        .ok_or_else(|| "expected an address such as unix:path=/run/dbus/system_bus_socket".to_owned())
}

pub(super) fn duration(text: &str) -> Result<GoDuration, String> {
    parse_go_duration(text).map(GoDuration).ok_or_else(|| "expected a duration such as 90s, 5m or 1h30m".to_owned())
}

#[cfg(test)]
mod tests {
    use crate::config::{Cli, Verb};
    use clap::Parser;

    fn parse(flags: &[&str]) -> Result<super::CareArgs, String> {
        let words = ["stead", "server"].iter().chain(flags);
        let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
        let Verb::Server(args) = cli.verb else { panic!("not server") };
        Ok(args.care)
    }

    #[test]
    fn soft_eviction_is_set_as_a_kubelets() {
        // NODE-10, NODE-11
        let flags = [
            "--eviction-soft=memory.available<10%",
            "--eviction-soft-grace-period=memory.available=1m30s",
            "--eviction-max-pod-grace-period=-1",
            "--eviction-minimum-reclaim=memory.available=100Mi",
            "--eviction-pressure-transition-period=30s",
            "--shutdown-grace-period=1m",
            "--shutdown-grace-period-critical-pods=10s",
        ];
        let care = parse(&flags).unwrap();
        let eviction = care.eviction().unwrap();
        assert_eq!((eviction.thresholds.len(), eviction.grace_s_max, eviction.transition.as_secs()), (6, None, 30));
        let again: Vec<String> = care.settings().into_iter().filter_map(|(flag, value)| Some(format!("--{flag}={}", value?))).collect();
        assert_eq!(parse(&again.iter().map(String::as_str).collect::<Vec<_>>()).unwrap(), care);
        assert_eq!(care.shutdown().unwrap().total().as_secs(), 60); // NODE-15
        let usual = parse(&[]).unwrap();
        assert_eq!((usual.eviction().unwrap(), usual.shutdown().unwrap().is_off()), (super::Config::default(), true));
    }

    #[test]
    fn bad_values_are_refused_in_words() {
        for (flag, why) in [
            ("--eviction-soft=memory.free<1Mi", "\"memory.free\" is none of memory.available"),
            ("--eviction-soft-grace-period=memory.available=soon", "\"soon\" is no duration"),
            ("--eviction-minimum-reclaim=memory.available=-1", "\"-1\" is negative"),
            ("--eviction-pressure-transition-period=5", "expected a duration"),
            ("--eviction-max-pod-grace-period=x", "invalid digit"),
            ("--shutdown-grace-period=-1s", "expected a duration"),
            ("--system-bus-address=tcp:host=a", "expected an address such as unix:path="),
            ("--shutdown-grace-period-by-pod-priority=high=1s", "not of the form PRIORITY=DURATION"),
        ] {
            let error = parse(&[flag]).unwrap_err();
            assert!(error.contains(why), "{flag}: {error}");
        }
        let both = parse(&["--shutdown-grace-period=9s", "--shutdown-grace-period-by-pod-priority=0=1s"]).unwrap().contradiction();
        assert!(both.is_some_and(|text| text.ends_with("exclude each other")));
        assert!(parse(&["--shutdown-grace-period-critical-pods=9s"]).unwrap().contradiction().is_some());
        let without_grace = parse(&["--eviction-soft=memory.available<10%"]).unwrap().contradiction();
        assert_eq!(without_grace.unwrap(), "--eviction-soft: a grace period must be given for the soft threshold memory.available");
    }
}
