"""The sandbox's own calls, under `/sandbox`: what the console, the phone and a test do to the platform."""
