//! The methods every running simulator has.

/// Gives a simulator, which is a struct with a field `running`, the methods all of them have.
macro_rules! running_simulator {
    ($simulator:ident) => {
        impl $simulator {
            /// Where it is, such as `http://127.0.0.1:40123`.
            pub fn url(&self) -> String {
                self.running.url()
            }

            /// Looks at the people, or changes them; the next answer shows the change.
            pub fn population<T>(&self, act: impl FnOnce(&mut $crate::population::Population) -> T) -> T {
                $crate::stage::desk::People::population(&*self.running.vendor, act)
            }

            /// Lets the next day pass, as decided by `seed`, and says what happened.
            pub fn day(&self, seed: u64) -> Vec<$crate::population::Event> {
                $crate::stage::desk::People::day(&*self.running.vendor, seed)
            }

            /// Lets one event happen. A hire takes no notice of `whom`.
            ///
            /// # Errors
            ///
            /// When there is nobody like that.
            pub fn event(
                &self,
                kind: $crate::population::EventKind,
                whom: $crate::population::Whom,
                seed: u64,
            ) -> Result<$crate::population::Event, $crate::SimError> {
                $crate::stage::desk::People::event(&*self.running.vendor, kind, whom, seed)
            }

            /// Misbehaves like this from the next request on, in place of what was set before.
            pub fn faults(&self, faults: $crate::Faults) {
                $crate::stage::Vendor::stage(&*self.running.vendor)
                    .faults
                    .set(faults);
            }

            /// How many requests to the API came so far, refused ones included.
            pub fn requests(&self) -> u64 {
                $crate::stage::Vendor::stage(&*self.running.vendor)
                    .requests
                    .load(std::sync::atomic::Ordering::Relaxed)
            }

            /// Finishes what is being answered and stops listening.
            ///
            /// # Errors
            ///
            /// When the server had already ended with an error.
            pub async fn stop(self) -> Result<(), $crate::SimError> {
                self.running.stop().await
            }

            /// Serves until `stopped` is ready, then stops.
            ///
            /// # Errors
            ///
            /// As for `stop`.
            pub async fn serve_until(
                self,
                stopped: impl Future<Output = ()>,
            ) -> Result<(), $crate::SimError> {
                stopped.await;
                self.stop().await
            }
        }
    };
}

pub(crate) use running_simulator;
