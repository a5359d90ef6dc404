//! The real clock and real chance. The only place that reads either; everything else is handed this.

use ring::rand::{SecureRandom, SystemRandom};
use stead_api::time::Timestamp;
use stead_server::Environment;

/// The machine's clock and random source.
#[derive(Debug)]
pub struct Machine {
    random: SystemRandom,
}

impl Default for Machine {
    fn default() -> Self {
        Self { random: SystemRandom::new() }
    }
}

impl Machine {
    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes).expect("the kernel's random source does not fail once it has started");
        bytes
    }
}

impl Environment for Machine {
    #[expect(clippy::disallowed_methods, reason = "this is the injected clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn uid(&self) -> String {
        let mut b: [u8; 16] = self.bytes();
        b[6] = b[6] & 0x0f | 0x40;
        b[8] = b[8] & 0x3f | 0x80;
        let hex: String = b.iter().map(|b| format!("{b:02x}")).collect();
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    fn random(&self, below: u64) -> u64 {
        u64::from_le_bytes(self.bytes()) % below.max(1)
    }

    fn sleep(&self, millis: u64) -> futures::future::BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(std::time::Duration::from_millis(millis)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_version_4_and_differ() {
        let machine = Machine::default();
        let (a, b) = (machine.uid(), machine.uid());
        assert_ne!(a, b);
        assert_eq!(a.len(), 36);
        assert_eq!(&a[14..15], "4");
        assert!("89ab".contains(&a[19..20]));
    }
}
