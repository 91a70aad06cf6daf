//! Signing in by browser: a token is exchanged for a session, which lives in memory.
//!
//! A session has two secrets. The cookie is sent by the browser with every request to this host
//! name, also one that a page on another port provokes, and is received by whatever else listens
//! on this host: so it authorises reads only. The CSRF value is handed out once, in the body of
//! the sign-in, and kept by the page; with it a session may change something.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use subtle::ConstantTimeEq;

use crate::domain::digest::Digest;
use crate::domain::name::PersonName;
use crate::os::{clock, ids};

/// A session that nobody used for this long is over: a working day, with its breaks.
const IDLE: Duration = Duration::from_secs(12 * 3600);
/// How long the printed sign-in address can be used: it may stay in a scrollback or a log.
const INVITATION: Duration = Duration::from_secs(3600);
const RANDOM_BYTES: usize = 32;

#[derive(Default)]
pub struct Sessions {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// By the hash of the cookie.
    sessions: HashMap<Digest, Session>,
    /// Sign-in tokens that nobody has used, by their hash.
    invitations: HashMap<Digest, Invitation>,
}

struct Session {
    person: PersonName,
    csrf: String,
    seen: Instant,
}

struct Invitation {
    person: PersonName,
    made: Instant,
}

/// A new session's secrets.
pub struct Opened {
    pub cookie: String,
    pub csrf: String,
}

/// Who a cookie belongs to.
pub struct Known {
    pub person: PersonName,
    /// Whether the CSRF value that came with it is the session's.
    pub may_change: bool,
}

impl Sessions {
    /// A sign-in token that can be exchanged once.
    ///
    /// # Errors
    ///
    /// When the operating system has no randomness to give.
    pub fn invite(&self, person: PersonName) -> std::io::Result<String> {
        let token = ids::secret(RANDOM_BYTES)?;
        let made = clock::monotonic();
        self.lock()
            .invitations
            .insert(hash(&token), Invitation { person, made });
        Ok(token)
    }

    /// Uses up a sign-in token: whose it was.
    pub fn accept(&self, token: &str) -> Option<PersonName> {
        let invitation = self.lock().invitations.remove(&hash(token))?;
        (invitation.made.elapsed() < INVITATION).then_some(invitation.person)
    }

    /// # Errors
    ///
    /// When the operating system has no randomness to give.
    pub fn open(&self, person: PersonName) -> std::io::Result<Opened> {
        let opened = Opened {
            cookie: ids::secret(RANDOM_BYTES)?,
            csrf: ids::secret(RANDOM_BYTES)?,
        };
        let session = Session {
            person,
            csrf: opened.csrf.clone(),
            seen: clock::monotonic(),
        };
        let mut inner = self.lock();
        inner
            .sessions
            .retain(|_, session| session.seen.elapsed() < IDLE);
        inner.sessions.insert(hash(&opened.cookie), session);
        Ok(opened)
    }

    /// Who the cookie belongs to; using it keeps its session open.
    pub fn find(&self, cookie: &str, csrf: Option<&str>) -> Option<Known> {
        let key = hash(cookie);
        let mut inner = self.lock();
        let session = inner.sessions.get_mut(&key)?;
        if session.seen.elapsed() >= IDLE {
            inner.sessions.remove(&key);
            return None;
        }
        session.seen = clock::monotonic();
        let expected = session.csrf.as_bytes();
        Some(Known {
            person: session.person.clone(),
            may_change: csrf.is_some_and(|given| given.as_bytes().ct_eq(expected).into()),
        })
    }

    pub fn close(&self, cookie: &str) {
        self.lock().sessions.remove(&hash(cookie));
    }

    /// Ends what was opened with a token that is revoked.
    pub fn close_all_of(&self, person: &PersonName) {
        let mut inner = self.lock();
        inner
            .sessions
            .retain(|_, session| &session.person != person);
        inner
            .invitations
            .retain(|_, invitation| &invitation.person != person);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // Each critical section is a call or two on the maps; a panic leaves them whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Secrets are looked up by their hash, so that the time that takes tells nothing about them.
fn hash(secret: &str) -> Digest {
    Digest::of_bytes(secret.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> PersonName {
        PersonName::parse("ada").unwrap()
    }

    #[test]
    fn a_sign_in_token_is_good_once() {
        let sessions = Sessions::default();
        let token = sessions.invite(ada()).unwrap();
        assert_eq!(sessions.accept("another"), None);
        assert_eq!(sessions.accept(&token), Some(ada()));
        assert_eq!(sessions.accept(&token), None);
    }

    #[test]
    fn a_cookie_alone_may_not_change_anything() {
        let sessions = Sessions::default();
        let opened = sessions.open(ada()).unwrap();
        let may_change =
            |csrf: Option<&str>| sessions.find(&opened.cookie, csrf).unwrap().may_change;
        assert!(!may_change(None));
        assert!(!may_change(Some("")));
        assert!(!may_change(Some(&opened.cookie)));
        assert!(may_change(Some(&opened.csrf)));
        assert!(sessions.find("another", Some(&opened.csrf)).is_none());
    }

    #[test]
    fn a_revoked_person_has_no_session() {
        let sessions = Sessions::default();
        let opened = sessions.open(ada()).unwrap();
        let token = sessions.invite(ada()).unwrap();
        sessions.close_all_of(&ada());
        assert!(sessions.find(&opened.cookie, None).is_none());
        assert_eq!(sessions.accept(&token), None);
    }
}
