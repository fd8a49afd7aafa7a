"""The app on Microsoft's own Durable Task and Blobs extensions: `AzureHost` starts them as `LocalHost` does ours.

README.md says what is real here and what stands for Azure. Touches the .NET SDK, the state folder, loopback ports.
"""
