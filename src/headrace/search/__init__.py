"""The filter language: MLflow's, and more. Text becomes a tree here; what a tree finds is the store's matter."""
