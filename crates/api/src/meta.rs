//! ObjectMeta rules common to all kinds: validation on create and update, owner references, finalizers.
