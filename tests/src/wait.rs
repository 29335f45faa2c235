//! Waiting for what happens elsewhere, and free ports.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use tokio::time::sleep;

const PAUSE: Duration = Duration::from_millis(20);

/// Asks until there is an answer; stops the test, naming `what`, when there is
/// none in time.
pub async fn eventually<T>(what: &str, within: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + within;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < end, "waited {within:?} for {what}");
        sleep(PAUSE).await;
    }
}

/// As [`eventually`], for a question that has to be awaited.
pub async fn eventually_async<T>(
    what: &str,
    within: Duration,
    ask: impl AsyncFnMut() -> Option<T>,
) -> T {
    let answer = in_time(within, ask).await;
    answer.unwrap_or_else(|| panic!("waited {within:?} for {what}"))
}

/// The same for who has more to say when there is no answer in time.
pub async fn in_time<T>(within: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + within;
    loop {
        let answer = ask().await;
        if answer.is_some() || Instant::now() >= end {
            return answer;
        }
        sleep(PAUSE).await;
    }
}

/// A port of the loopback that nobody holds now, below the range that the
/// system gives to outgoing connections.
pub fn free_port() -> u16 {
    loop {
        let mut random = [0; 2];
        getrandom::fill(&mut random).expect("random bytes");
        let port = 12_000 + u16::from_le_bytes(random) % 16_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok()
            && TcpListener::bind(("0.0.0.0", port)).is_ok()
            && TcpListener::bind(("::", port)).is_ok()
        {
            return port;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_ends_with_the_answer() {
        let mut asked = 0;
        let answer = eventually("the third question", Duration::from_secs(5), || {
            asked += 1;
            (asked == 3).then_some(asked)
        });
        assert_eq!(answer.await, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "for rain")]
    async fn waiting_in_vain_says_what_for() {
        eventually("rain", Duration::from_millis(50), || None::<()>).await;
    }

    #[test]
    fn a_free_port_can_be_bound() {
        TcpListener::bind(("127.0.0.1", free_port())).unwrap();
    }
}
