"""Native bodies of InvokeModel as the service reads and writes them: one file for each, all `NativeBody`s."""
