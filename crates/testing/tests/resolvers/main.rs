//! The resolvers that programs in pods are built with, against the name server of a real API: glibc's and musl's `getaddrinfo`, and
//! busybox's `nslookup`. Each test has a network and an `/etc/resolv.conf` of its own, as a pod has, and so needs root.
#![cfg(test)]

mod place;

use place::{Place, Program, in_a_place};
use std::collections::BTreeSet;

/// Of glibc and musl, a C compiler for each.
const COMPILERS: [Program; 2] = [Program("cc"), Program("musl-gcc")];
/// musl has room for so many addresses, and before its version 1.2.4 did not ask again what an answer was too long for.
const MUSL_ADDRESSES: std::ops::RangeInclusive<usize> = 20..=48;

fn set<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    texts.into_iter().map(str::to_owned).collect()
}

#[test]
fn names_are_found_through_the_search_path() {
    // DNS-2, DNS-4, DNS-6, DNS-12, with the search path that pods have
    in_a_place("names_are_found_through_the_search_path", &COMPILERS, async |place: &Place| {
        for lookup in [&place.glibc, &place.musl] {
            for name in ["web", "web.ns", "web.ns.svc", "web.ns.svc.cluster.local", "web.ns.svc.cluster.local.", "WEB.ns"] {
                assert_eq!(place.look_up(lookup, name, &[]).await, Ok(set(["10.43.0.5"])), "{lookup:?}: {name}");
            }
            let both = set(["10.43.0.6", "fd00:43::6"]);
            assert_eq!(place.look_up(lookup, "both", &[]).await, Ok(both), "{lookup:?}");
            assert_eq!(place.look_up(lookup, "web-0.all.ns.svc", &[]).await, Ok(set(["10.42.0.7"])), "{lookup:?}");
            assert_eq!(place.look_up(lookup, "all", &[]).await, Ok(set(["10.42.0.7", "10.42.0.8"])), "{lookup:?}");
            for name in ["none", "web.other", "web-9.all"] {
                place.look_up(lookup, name, &[]).await.expect_err(name);
            }
            assert_eq!(place.look_up(lookup, "10.42.0.7", &[]).await, Ok(set(["web-0.all.ns.svc.cluster.local"])), "{lookup:?}");
        }
    });
}

#[test]
fn names_of_others_are_asked_for_once_the_search_path_is_through() {
    // DNS-14
    in_a_place("names_of_others_are_asked_for_once_the_search_path_is_through", &COMPILERS, async |place: &Place| {
        for lookup in [&place.glibc, &place.musl] {
            assert_eq!(place.look_up(lookup, "one.test", &[]).await, Ok(set(["192.0.2.1"])), "{lookup:?}");
            // DNSG-21
            assert_eq!(place.look_up(lookup, "out", &[]).await, Ok(set(["192.0.2.1"])), "{lookup:?}");
        }
        let asked = place.asked_elsewhere();
        assert!(asked.contains("one.test.") && asked.iter().all(|name| !name.contains("cluster.local")), "{asked:?}");
    });
}

#[test]
fn an_answer_that_is_too_long_is_asked_for_over_tcp() {
    // DNS-13, DNSG-30
    in_a_place("an_answer_that_is_too_long_is_asked_for_over_tcp", &COMPILERS, async |place: &Place| {
        let all = place.many();
        for options in ["", "edns0"] {
            let found = place.look_up(&place.glibc, "many", &[("RES_OPTIONS", options)]).await;
            assert_eq!(found.as_ref(), Ok(&all), "glibc with options {options:?}");
        }
        let found = place.look_up(&place.musl, "many", &[]).await.expect("some are found");
        assert!(found.is_subset(&all) && MUSL_ADDRESSES.contains(&found.len()), "{found:?}");
    });
}

#[test]
fn busybox_finds_names() {
    in_a_place("busybox_finds_names", &[Program("busybox")], async |place: &Place| {
        // It has the search path for names without dots only, asks for all names of it, and calls itself failed if one is not there: only what it prints counts.
        let said = async |name: &str| match place.run("busybox", &["nslookup", name], &[]).await {
            Ok(said) | Err(said) => said,
        };
        for (name, address) in
            [("web", "10.43.0.5"), ("web-0.all.ns.svc.cluster.local", "10.42.0.7"), ("both", "fd00:43::6"), ("one.test", "192.0.2.1")]
        {
            let said = said(name).await;
            assert!(said.contains(&format!("Address: {address}\n")), "{name}: {said}");
        }
        let said = said("none").await;
        assert!(said.contains("NXDOMAIN") && !said.contains("Name:"), "{said}");
    });
}

#[test]
fn questions_that_come_all_at_once_are_all_answered() {
    in_a_place("questions_that_come_all_at_once_are_all_answered", &[], async |place: &Place| {
        assert_eq!(place.flood("web.ns.svc.cluster.local.", 1000).await, 1000);
    });
}
