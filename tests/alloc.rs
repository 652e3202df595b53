//! A media frame costs no allocation once the line is warm. A binary of its own, as it counts what the allocator is asked for.

#![expect(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use sidetone::dialect::{CallSettings, Dialect, Provider};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: all is passed on to the system's allocator as it is; the counter is a plain number that needs no memory itself.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and the system's allocator gave this place.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

#[test]
fn a_media_frame_costs_no_allocation() {
    assert_eq!(allocations(|| drop(vec![1_u8; 8])), 1, "they are counted");
    let mut talking = 0;
    for &provider in Provider::ALL {
        let mut settings = CallSettings::new(provider);
        settings.connection_probe = false;
        let dialect = Dialect::Provider(Box::new(settings));
        if dialect.cadence().is_none() {
            continue;
        }
        talking += 1;
        let mut speaker = dialect.open(&dialect.place(&mut || 7, 0));
        drop(speaker.greet());
        (0..1_000).for_each(|n| drop(speaker.frame(n)));
        let count = allocations(|| (1_000..4_000).for_each(|n| drop(speaker.frame(n))));
        assert_eq!(count, 0, "{provider}: allocations in 3000 frames");
    }
    assert_eq!(talking, Provider::ALL.len() - 1, "all but ConversationRelay send audio");
}
