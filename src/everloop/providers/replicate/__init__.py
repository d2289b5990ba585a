"""The wire format of Replicate: predictions, which are begun and then asked for."""
