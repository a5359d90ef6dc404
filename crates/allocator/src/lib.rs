//! Where a process's memory comes from: the server's, which has many threads that give one another what they make, from an allocator made for
//! that; that of every other role, a shim for each pod among them, from the C library's, which takes less of the machine.
//!
//! Which of the two it is, is decided before the first byte is given, and never changed. A crate of its own, for a program that links the
//! allocator has it begin before `main`, which takes some kilobytes and a `prctl` also where it is not used: of ours that is the one binary.

use mimalloc::MiMalloc;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU8, Ordering};

/// The verb of the process that has many threads.
const SERVER: &[u8] = b"server";
/// More than the program's path and its verb take.
const LINE_BYTES_MAX: usize = 8 * 1024;

/// `mi_option_arena_eager_commit` of `mimalloc.h`: arenas take from the system what is used of them, which is a tenth less with 10,000 pods.
const ARENA_EAGER_COMMIT: libmimalloc_sys::mi_option_t = 4;

const UNDECIDED: u8 = 0;
const LIBRARY: u8 = 1;
const THREADED: u8 = 2;
static CHOICE: AtomicU8 = AtomicU8::new(UNDECIDED);

/// The allocator of a program whose roles differ.
#[derive(Debug)]
pub struct ByRole;

// Never inlined: a program allocates in so many places that the choice between two calls in each would make it 4 MB larger.
// SAFETY: each call is passed on as it is, and all of one process to the same allocator.
unsafe impl GlobalAlloc for ByRole {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of this very method.
        unsafe { if is_threaded() { MiMalloc.alloc(layout) } else { System.alloc(layout) } }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above; the memory is of the same allocator, for the choice never changes.
        unsafe { if is_threaded() { MiMalloc.dealloc(memory, layout) } else { System.dealloc(memory, layout) } }
    }

    #[inline(never)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { if is_threaded() { MiMalloc.alloc_zeroed(layout) } else { System.alloc_zeroed(layout) } }
    }

    #[inline(never)]
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        unsafe { if is_threaded() { MiMalloc.realloc(memory, layout, size) } else { System.realloc(memory, layout, size) } }
    }
}

fn is_threaded() -> bool {
    match CHOICE.load(Ordering::Relaxed) {
        UNDECIDED => decide() == THREADED,
        choice => choice == THREADED,
    }
}

/// Nothing here may allocate. Whoever else decides meanwhile comes to the same.
#[cold]
fn decide() -> u8 {
    let mut line = [0; LINE_BYTES_MAX];
    let choice = if is_server(command_line(&mut line)) { THREADED } else { LIBRARY };
    if choice == THREADED {
        // SAFETY: it sets a number that is read when the first arena is made.
        unsafe { libmimalloc_sys::mi_option_set(ARENA_EAGER_COMMIT, 0) };
    }
    CHOICE.store(choice, Ordering::Relaxed);
    choice
}

/// The arguments of this process, each with a zero byte after it; as many as there is room for.
fn command_line(line: &mut [u8]) -> &[u8] {
    // SAFETY: the path ends with a zero byte.
    let fd = unsafe { libc::open(c"/proc/self/cmdline".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
    if fd < 0 {
        return &[];
    }
    // SAFETY: there is room for so many bytes.
    let length = unsafe { libc::read(fd, line.as_mut_ptr().cast(), line.len()) };
    // SAFETY: it was opened above and is known to nobody else.
    unsafe { libc::close(fd) };
    usize::try_from(length).map_or(&[], |length| &line[..length])
}

fn is_server(line: &[u8]) -> bool {
    line.split(|byte| *byte == 0).nth(1) == Some(SERVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verb_decides() {
        assert!(is_server(b"/usr/bin/stead\0server\0--data-dir\0/d\0"));
        assert!(is_server(b"stead\0server\0"));
        for other in [&b""[..], b"stead\0", b"stead\0up\0server\0", b"server\0", b"stead\0servers\0", b"stead\0shim\0server\0"] {
            assert!(!is_server(other), "{other:?}");
        }
    }

    #[test]
    fn a_process_reads_its_own_arguments() {
        let mut line = [0; LINE_BYTES_MAX];
        let own: Vec<u8> = std::env::args_os().flat_map(|argument| [argument.as_encoded_bytes(), b"\0"].concat()).collect();
        assert_eq!(command_line(&mut line), &own[..own.len().min(LINE_BYTES_MAX)]);
    }

    #[test]
    fn memory_of_both_can_be_had_grown_and_given_back() {
        let layout = Layout::from_size_align(64, 16).expect("a size and a power of two");
        let use_it = |allocator: &dyn GlobalAlloc| {
            // SAFETY: it is used as long as it is ours, within its size.
            unsafe {
                let memory = allocator.alloc_zeroed(layout);
                assert!(!memory.is_null() && memory.read() == 0);
                memory.write(7);
                let more = allocator.realloc(memory, layout, 4096);
                assert_eq!(more.read(), 7);
                allocator.dealloc(more, Layout::from_size_align(4096, 16).expect("a size and a power of two"));
            }
        };
        use_it(&ByRole);
        use_it(&MiMalloc);
    }
}
