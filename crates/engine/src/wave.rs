//! The size of waves: as many operations at once as the directory carries out in about half a second, so that a run
//! can be stopped soon and a crash leaves little to look at; and never so many that none are left to go behind them.

use std::time::Duration;

const WANTED: Duration = Duration::from_millis(500);
const SMALLEST: usize = 64;
const LARGEST: usize = 1_024;

/// How many operations the next wave has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaveSize(usize);

impl WaveSize {
    pub(crate) fn new() -> Self {
        Self(SMALLEST * 4)
    }

    pub(crate) fn get(self) -> usize {
        self.0
    }

    /// Learns from a wave that had so many operations and took so long.
    pub(crate) fn learn(&mut self, operations: usize, took: Duration) {
        if operations < self.0 {
            return;
        }
        if took * 2 < WANTED {
            self.0 = (self.0 * 2).min(LARGEST);
        } else if took > WANTED * 2 {
            self.0 = (self.0 / 2).max(SMALLEST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_grow_while_they_are_quick_and_shrink_when_they_are_slow() {
        let mut size = WaveSize::new();
        for _ in 0..10 {
            size.learn(size.get(), Duration::from_millis(10));
        }
        assert_eq!(size.get(), LARGEST);
        size.learn(size.get(), Duration::from_secs(2));
        assert_eq!(size.get(), LARGEST / 2);
        size.learn(1, Duration::from_secs(9));
        assert_eq!(size.get(), LARGEST / 2);
    }
}
