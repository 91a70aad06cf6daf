//! Names of branches, tags and commits by their form, alone or with the service in one word.

use super::Slots;
use crate::domain::interpret::concern::Concern;
use crate::domain::interpret::form::{Form, form, is_service_form, without_registry};
use crate::domain::interpret::found::{Said, VersionMention};
use crate::domain::interpret::lexicon::Role;

impl Slots<'_> {
    /// `shop@v1.2`, `shop:latest`, `shop#main`
    pub(super) fn pinned(&mut self, at: usize, mark: usize) -> Option<usize> {
        let unit = &self.words.units[at];
        let name = &unit.text[..mark];
        // `deploy:migrate`: a task of a bot, and no service with its version.
        if unit.text[mark..].starts_with(':')
            && self.is_word_for(name, &[Role::Verb])
            && self.opens(at)
        {
            return None;
        }
        // "to prod#eu": an environment of that name, and no service.
        let led = at
            .checked_sub(1)
            .is_some_and(|before| self.words.any(before, &[Role::To, Role::On]));
        let is_place = self.is_word_for(name, &[Role::Environment])
            || self
                .words
                .definition
                .environments
                .contains_key(&name.to_lowercase());
        if unit.text[mark..].starts_with('#') && (led || is_place) {
            return None;
        }
        let value = match &unit.text[mark..] {
            numbered if is_numbered(numbered) => {
                // `pr#42`: no service is called so.
                if self.is_word_for(name, &[Role::PullRequest, Role::VersionNoun]) {
                    self.push(VersionMention::Unclear(unit.lower.clone()), at..at + 1);
                    return Some(at + 1);
                }
                VersionMention::Unclear(numbered.to_owned())
            }
            marked => self.version_value(&marked[1..])?,
        };
        let called_otherwise = self.has_image_before(at);
        if unit.text[mark..].starts_with(':') && self.is_image_of_named(name, called_otherwise) {
            // "deploy shop to staging with image acme/shop:v1.2": its own image adds the version.
            let last = name.rsplit('/').next().unwrap_or(name);
            let mut services = self.found.services.iter();
            let own = services.any(|said| said.value.typed().eq_ignore_ascii_case(last));
            if !own || without_registry(name).is_some() {
                // Images are built here; none is taken from elsewhere.
                self.note(Concern::NotRead, at..at + 1);
            }
            self.push(value, at..at + 1);
            return Some(at + 1);
        }
        let bare = without_registry(name);
        if bare.is_some() {
            // Images are built here; none is taken from elsewhere.
            self.note(Concern::NotRead, at..at + 1);
        }
        let mention = self.service_mention(bare.unwrap_or(name));
        let span = self.words.span(at..at + 1);
        self.found.services.push(Said {
            value: mention,
            span,
        });
        self.push(value, at..at + 1);
        Some(at + 1)
    }

    /// Whether the image is called like the one service that was named before it. A bare name is
    /// settled as the service by that.
    fn is_image_of_named(&mut self, image: &str, called_otherwise: bool) -> bool {
        let last = image.rsplit('/').next().unwrap_or(image);
        match (self.found.services.as_slice(), self.candidates.as_slice()) {
            ([_], []) if called_otherwise => true,
            ([only], []) => only.value.typed().eq_ignore_ascii_case(last),
            ([], [only]) => {
                let at = only.at;
                let same = self.words.units[at].text.eq_ignore_ascii_case(last);
                let named = only.mark.is_none()
                    && (same || called_otherwise && self.is_object(at))
                    && is_service_form(&self.words.units[at].text);
                if named {
                    self.candidates.clear();
                    self.push_name(at);
                    self.take(at..at + 1);
                }
                named
            }
            _ => false,
        }
    }

    /// "update the shop image to base:v2", "set shop to image base:v2": what the service runs may be
    /// called otherwise.
    fn has_image_before(&self, at: usize) -> bool {
        let image = |at: usize| self.words.units[at].lower.ends_with("image");
        let led = at > self.range.start && self.any(at - 1, &[Role::To, Role::With]);
        let before = at > self.range.start && image(at - 1);
        before || (led && (self.range.start..at).any(image))
    }

    pub(super) fn is_resource(&self, word: &str) -> bool {
        self.is_word_for(word, &[Role::ResourceNoun, Role::ServiceNoun])
    }

    fn is_word_for(&self, word: &str, roles: &[Role]) -> bool {
        let lower = word.to_lowercase();
        let entry = self.words.definition.lexicon.longest(&[lower.as_str()]);
        entry.is_some_and(|(_, entry)| entry.roles.any(roles))
    }

    pub(super) fn is_short_commit(&self, at: usize) -> bool {
        self.form(at) == Some(Form::Name) && is_short_commit(&self.words.units[at].text)
    }

    /// `main`, `v1.2`, `feature/login`, `feature-42`: what nobody calls a service.
    pub(super) fn is_reference_like(&self, text: &str) -> bool {
        let lower = text.to_lowercase();
        let definition = self.words.definition;
        let entry = definition.lexicon.longest(&[lower.as_str()]);
        let branch = entry.is_some_and(|(_, entry)| entry.roles.has(Role::BranchName));
        let prefixed = lower
            .split_once('/')
            .is_some_and(|(first, _)| definition.branch_prefixes.iter().any(|p| p == first));
        let begins = |word: &String| {
            lower
                .strip_prefix(word.as_str())
                .is_some_and(|rest| rest.starts_with(['-', '_']))
        };
        branch
            || prefixed
            || calls_itself_a_branch(&lower)
            || form(text) == Form::Version
            || definition.branch_words.iter().any(begins)
    }

    /// `feature-42`, `hotfix1234`
    pub(super) fn is_numbered_branch(&self, at: usize) -> bool {
        let unit = &self.words.units[at];
        let words = &self.words.definition.branch_words;
        unit.is_unknown_name()
            && words.iter().any(|word| {
                unit.lower.strip_prefix(word.as_str()).is_some_and(|rest| {
                    let number = rest.trim_start_matches(['-', '_']);
                    number.starts_with(|c: char| c.is_ascii_digit())
                })
            })
    }

    /// `build42`, `snapshot-7`, `rc3`: a word for a version with its number.
    pub(super) fn is_numbered_version(&self, lower: &str) -> bool {
        let word = lower.trim_end_matches(|c: char| c.is_ascii_digit());
        let noun = word.trim_end_matches(['-', '_', '.']);
        let entry = self.words.definition.lexicon.longest(&[noun]);
        let versions = [Role::VersionNoun, Role::UnclearVersion];
        word.len() < lower.len() && entry.is_some_and(|(_, entry)| entry.roles.any(&versions))
    }

    /// `login-branch`, as nobody calls a service.
    pub(super) fn ends_like_a_branch(&self, lower: &str) -> bool {
        let noun = lower.rsplit_once('-').map(|(_, noun)| noun);
        let entry = noun.and_then(|noun| self.words.definition.lexicon.longest(&[noun]));
        entry.is_some_and(|(_, entry)| entry.roles.has(Role::GitNoun))
    }

    /// `feature-login`: a branch, where another word names the service.
    pub(super) fn is_perhaps_branch(&self, at: usize) -> bool {
        let unit = &self.words.units[at];
        unit.form() == Some(Form::Name) && self.is_reference_like(&unit.text)
    }

    pub(super) fn is_branch_path(&self, at: usize) -> bool {
        let Some(unit) = self.words.get(at).filter(|_| at < self.range.end) else {
            return false;
        };
        let prefix = unit.lower.split('/').next().unwrap_or_default();
        let prefixes = &self.words.definition.branch_prefixes;
        unit.form() == Some(Form::Path) && prefixes.iter().any(|known| known == prefix)
    }

    /// `feature/login` is a branch, `shop/main` a version of a known service; any other path is
    /// settled at the end.
    pub(super) fn path(&mut self, lead: Option<Role>, at: usize) -> Option<usize> {
        let unit = &self.words.units[at];
        if !unit.services.is_empty() {
            return None;
        }
        if self.is_branch_path(at) || lead == Some(Role::From) {
            self.push_reference(lead, at);
            return Some(at + 1);
        }
        let (owner, rest) = unit.text.split_once('/')?;
        if self.is_resource(owner) && is_service_form(rest) {
            // `deployment/shop`
            let value = self.service_mention(rest);
            let span = self.words.span(at..at + 1);
            self.found.services.push(Said { value, span });
            return Some(at + 1);
        }
        match self.words.vocabulary.names() {
            Some(names) => {
                names.service_phrase(&[owner.to_lowercase().as_str()])?;
            }
            // `acme/shop` is a name, `shop/main` a version of one.
            None if self.is_reference_like(rest) => {}
            None => return None,
        }
        let value = self.version_value(rest)?;
        let mention = self.service_mention(owner);
        let span = self.words.span(at..at + 1);
        self.found.services.push(Said {
            value: mention,
            span,
        });
        self.push(value, at..at + 1);
        Some(at + 1)
    }
}

/// `#42`: an issue or a pull request.
fn is_numbered(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Six hexadecimal digits, of which one is a digit and one a letter; from seven on the form alone
/// tells.
fn is_short_commit(text: &str) -> bool {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    text.len() == 6
        && text.bytes().all(hex)
        && text.bytes().any(|b| b.is_ascii_digit())
        && text.bytes().any(|b| b.is_ascii_lowercase())
}

/// `some-branch`, `mybranch`
fn calls_itself_a_branch(lower: &str) -> bool {
    lower.ends_with("branch") && lower.is_ascii()
}
