//! Who a container's process is: pure rules over the texts of `/etc/passwd` and `/etc/group` of its root file system.

use crate::container::{EffectiveUser, ImageGroups, User};

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Ids.
    pub user: EffectiveUser,
    /// Home directory; `/` for a user that is not listed.
    pub home: String,
}

struct Passwd<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
    home: &'a str,
}

fn passwd(text: &str) -> impl Iterator<Item = Passwd<'_>> {
    text.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Passwd { name, uid, gid, home: fields.nth(1).unwrap_or("") })
    })
}

struct Group<'a> {
    name: &'a str,
    gid: u32,
    members: &'a str,
}

fn groups(text: &str) -> impl Iterator<Item = Group<'_>> {
    text.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let gid = fields.nth(1)?.parse().ok()?;
        Some(Group { name, gid, members: fields.next().unwrap_or("") })
    })
}

/// Applies what was asked for over the image's `user[:group]`.
pub fn resolve(asked: &User, image_user: &str, passwd_text: &str, group_text: &str) -> Result<Resolved, String> {
    let (image_name, image_group) = image_user.split_once(':').map_or((image_user, None), |(name, group)| (name, Some(group)));
    let by_uid = |uid: u32| passwd(passwd_text).find(|entry| entry.uid == uid);
    let (uid, entry) = match asked.uid {
        Some(uid) => (uid, by_uid(uid)),
        None if image_name.is_empty() => (0, by_uid(0)),
        None => match passwd(passwd_text).find(|entry| entry.name == image_name) {
            Some(entry) => (entry.uid, Some(entry)),
            None => {
                let uid =
                    image_name.parse().map_err(|_| format!("unable to find user {image_name}: no matching entries in passwd file"))?;
                (uid, by_uid(uid))
            }
        },
    };
    // The image's group belongs to the image's user: it does not follow a user that was asked for.
    let image_group = image_group.filter(|group| asked.uid.is_none() && !group.is_empty());
    let gid = match (asked.gid, image_group) {
        (Some(gid), _) => gid,
        (None, Some(name)) => match groups(group_text).find(|group| group.name == name) {
            Some(group) => group.gid,
            None => name.parse().map_err(|_| format!("unable to find group {name}: no matching entries in group file"))?,
        },
        (None, None) => entry.as_ref().map_or(0, |entry| entry.gid),
    };
    let mut all = asked.groups.clone();
    all.push(gid);
    if let (ImageGroups::Merge, Some(entry)) = (asked.image_groups, &entry) {
        all.extend(groups(group_text).filter(|group| group.members.split(',').any(|name| name == entry.name)).map(|group| group.gid));
    }
    all.sort_unstable();
    all.dedup();
    let home = entry.map(|entry| entry.home).filter(|home| !home.is_empty()).unwrap_or("/").to_owned();
    Ok(Resolved { user: EffectiveUser { uid, gid, groups: all }, home })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nweb:x:33:33:web:/var/www:/bin/false\nbad line\n";
    const GROUP: &str = "root:x:0:\nweb:x:33:\nadm:x:4:web,root\nlog:x:5:web\n";

    fn ids(asked: &User, image_user: &str) -> Result<(u32, u32, Vec<u32>, String), String> {
        resolve(asked, image_user, PASSWD, GROUP).map(|found| (found.user.uid, found.user.gid, found.user.groups, found.home))
    }

    #[test]
    fn the_image_s_user_by_name_and_number() {
        // SEC-2, SEC-4
        let nobody_asked = User::default();
        assert_eq!(ids(&nobody_asked, ""), Ok((0, 0, vec![0, 4], "/root".into())));
        assert_eq!(ids(&nobody_asked, "web"), Ok((33, 33, vec![4, 5, 33], "/var/www".into())));
        assert_eq!(ids(&nobody_asked, "33"), Ok((33, 33, vec![4, 5, 33], "/var/www".into())));
        assert_eq!(ids(&nobody_asked, "web:adm"), Ok((33, 4, vec![4, 5], "/var/www".into())));
        assert_eq!(ids(&nobody_asked, "1000:7"), Ok((1000, 7, vec![7], "/".into())));
        assert!(ids(&nobody_asked, "nobody").unwrap_err().contains("unable to find user nobody"));
        assert!(ids(&nobody_asked, "web:none").unwrap_err().contains("unable to find group none"));
    }

    #[test]
    fn what_was_asked_for_comes_first() {
        // SEC-1, SEC-2, SEC-4
        let asked = User { uid: Some(33), gid: None, groups: vec![2000], image_groups: ImageGroups::Merge };
        assert_eq!(ids(&asked, "root:adm"), Ok((33, 33, vec![4, 5, 33, 2000], "/var/www".into())));
        let asked = User { uid: Some(1001), gid: Some(9), groups: vec![], image_groups: ImageGroups::Ignore };
        assert_eq!(ids(&asked, "web"), Ok((1001, 9, vec![9], "/".into())));
        let asked = User { uid: None, gid: Some(9), groups: vec![], image_groups: ImageGroups::Ignore };
        assert_eq!(ids(&asked, "web"), Ok((33, 9, vec![9], "/var/www".into())));
    }
}
