//! The webhook: tells people, and never fails whoever tells. A hook that hangs, refuses or answers
//! with an error costs a bounded time and leaves an outcome that is stored beside what it was about.

use std::time::Duration;

use crate::domain::digest::canonical_json;
use crate::domain::incident::{Delivery, Notification, NotificationOutcome};
use crate::domain::text::printable;
use crate::os::clock;
use crate::os::http::{Client, HttpError, Route, origin};

/// Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Webhook {
    client: Client,
    address: String,
    shown: String,
    patience: Patience,
}

/// How long a hook is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For each attempt.
    pub timeout: Duration,
    pub attempts: u32,
    /// After the first attempt; it doubles with each.
    pub pause: Duration,
}

impl Default for Patience {
    /// 18 seconds at most: three times five and the pauses between.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            attempts: 3,
            pause: Duration::from_secs(1),
        }
    }
}

impl Webhook {
    /// # Errors
    ///
    /// When the address is none.
    pub fn new(address: &str, patience: Patience) -> Result<Self, HttpError> {
        Ok(Self {
            client: Client::new(Route::Proxied)?,
            address: address.to_owned(),
            shown: origin(address)?,
            patience,
        })
    }

    /// Posts the notification as JSON and tries again where that can help: without an answer, and
    /// after a 5xx or 429. The same notification may therefore arrive twice.
    pub async fn send(&self, notification: &Notification) -> NotificationOutcome {
        let at = clock::now();
        let body = canonical_json(notification);
        let mut attempts = 0;
        let mut pause = self.patience.pause;
        let delivery = loop {
            attempts += 1;
            let delivery = self.attempt(&body).await;
            if attempts >= self.patience.attempts || !is_worth_another(&delivery) {
                break delivery;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        };
        NotificationOutcome {
            event: notification.event,
            at,
            to: self.shown.clone(),
            attempts,
            delivery,
        }
    }

    async fn attempt(&self, body: &str) -> Delivery {
        let (address, timeout) = (&self.address, self.patience.timeout);
        match self
            .client
            .post_json(address, body.to_owned(), timeout)
            .await
        {
            Ok(status @ 200..=299) => Delivery::Delivered { status },
            Ok(status) => Delivery::Rejected { status },
            Err(error) => Delivery::Failed {
                error: printable(&error.to_string(), 300),
            },
        }
    }
}

fn is_worth_another(delivery: &Delivery) -> bool {
    match delivery {
        Delivery::Delivered { .. } => false,
        Delivery::Rejected { status } => *status == 429 || *status >= 500,
        Delivery::Failed { .. } => true,
    }
}
