//! Memory of this process that it does not use.

/// Gives what the C library's allocator holds and nobody uses back to the system. Other C libraries do so by themselves.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it moves nothing that is in use, and takes the allocator's own locks.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resident_kb() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[test]
    fn what_was_freed_goes_back_to_the_system() {
        let mut pieces: Vec<Vec<u8>> = (0..100_000).map(|_| vec![1; 1_000]).collect();
        // What stays in use at the end of the heap keeps it from shrinking by itself.
        let last = pieces.pop();
        let full = resident_kb();
        drop(pieces);
        give_back();
        let kept = resident_kb();
        assert!(kept + 80_000 < full, "{kept} kB of {full} kB are kept");
        drop(last);
    }
}
